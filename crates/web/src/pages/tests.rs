//! Every page, rendered with what one expects and with what one fears; and written where a browser can open it.

mod samples;

use std::{collections::HashSet, fs, path::Path};

use samples::{Words, pages};

use crate::{assets, identicon::identicon};

/// The values of `attribute` in `html`.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(&start)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn every_page_is_whole() {
    for (name, html) in pages(&Words::plain()) {
        assert!(
            html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"),
            "{name}"
        );
        assert_eq!(html.matches("<h1").count(), 1, "{name}: one heading");
        assert_eq!(html.matches("<main").count(), 1, "{name}: one main part");
        assert!(
            html.contains("id=\"main\""),
            "{name}: the skip link leads somewhere"
        );

        let ids = values(&html, "id");
        let known: HashSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), known.len(), "{name}: ids are unique: {ids:?}");
        for attribute in [
            "for",
            "aria-labelledby",
            "aria-describedby",
            "data-dialog",
            "data-preview",
        ] {
            for target in values(&html, attribute).iter().flat_map(|list| list.split(' ')) {
                assert!(known.contains(target), "{name}: {attribute} leads to {target:?}");
            }
        }
        for target in values(&html, "href")
            .iter()
            .filter_map(|href| href.strip_prefix('#'))
        {
            assert!(known.contains(target), "{name}: a link to #{target}");
        }
    }
}

#[test]
fn the_content_security_policy_has_nothing_to_refuse() {
    for (name, html) in pages(&Words::plain()) {
        assert_eq!(
            html.matches("<script").count(),
            1,
            "{name}: one script, from a file"
        );
        assert!(
            values(&html, "style").is_empty() && !html.contains("<style"),
            "{name}: no inline style"
        );
        for handler in ["onclick", "onload", "onsubmit", "oninput", "onchange", "onerror"] {
            assert!(!html.contains(handler), "{name}: no {handler}");
        }
    }
}

#[test]
fn what_people_type_stays_text() {
    let words = Words::hostile();
    for (name, html) in pages(&words) {
        assert!(
            !html.contains(&words.text),
            "{name}: {} is in it as typed",
            words.text
        );
        assert!(!html.contains("<script>alert"), "{name}");
        assert!(!html.contains(" onmouseover='"), "{name}");
        assert_eq!(html.matches("<script").count(), 1, "{name}");
    }
}

#[test]
fn each_signed_in_form_that_posts_carries_the_session_token() {
    for (name, html) in pages(&Words::plain()) {
        if !html.contains("name=\"csrf\" content=") {
            continue;
        }
        for form in html.split("<form method=\"post\"").skip(1) {
            let form = form.split("</form>").next().unwrap();
            assert!(form.contains("name=\"csrf\""), "{name}: {form}");
        }
    }
}

#[test]
fn the_password_is_not_in_the_page_until_it_is_asked_for() {
    for (name, html) in pages(&Words::plain()) {
        assert_eq!(
            html.contains(samples::PASSWORD),
            name.ends_with("revealed"),
            "{name}"
        );
    }
}

#[test]
fn a_link_in_another_browser_asks_for_the_code() {
    let all = pages(&Words::plain());
    let page = |wanted: &str| &all.iter().find(|(name, _)| *name == wanted).unwrap().1;
    assert!(!page("link").contains("name=\"code\""));
    assert!(page("link-elsewhere").contains("name=\"code\""));
}

#[test]
fn a_settings_page_with_all_it_loads_is_under_60_kb() {
    for (name, html) in pages(&Words::plain()) {
        let all = html.len() + assets::travelling_bytes();
        assert!(all < 60_000, "{name}: {all} bytes");
    }
}

/// Writes `target/preview/*.html`, each also in the dark and in a narrow frame, to be looked at.
#[test]
fn previews() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/preview");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, content: &str| fs::write(folder.join(name), content).unwrap();
    write("app.css", &assets::css());
    write("app.js", &assets::js());
    write("favicon.svg", assets::FAVICON);
    write("avatar.svg", &identicon("u_c2rkvdq5v6f0000000g0"));
    let faces: String = (0..60)
        .map(|n| {
            write(&format!("face-{n}.svg"), &identicon(&format!("u_{n:020}")));
            format!("<img src=face-{n}.svg width=64 height=64> ")
        })
        .collect();
    write("faces.html", &faces);
    for (name, html) in pages(&Words::plain()) {
        write(&format!("{name}.html"), &html);
    }
    for (name, html) in pages(&Words::hostile()) {
        write(&format!("hostile-{name}.html"), &html);
    }
}
