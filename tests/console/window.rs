//! A Chromium window on one server, and what a person does with it: reads, clicks by name, types into what has a label.

use std::{ops::Deref, path::Path, time::Duration};

use serde_json::{Value, json};
use testkit::{Chromium, Person, TestApp, until};
use thirtyfour::{By, TypingData, WebElement};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs before every page's own scripts: what the policy refused and what failed is kept until the window is closed.
const WATCH: &str = r#"
    const complain = (text) => {
        const all = JSON.parse(localStorage.getItem("complaints") || "[]");
        localStorage.setItem("complaints", JSON.stringify([...all, location.pathname + ": " + text]));
    };
    addEventListener("securitypolicyviolation", (e) => complain("CSP " + e.effectiveDirective + " " + e.blockedURI + " " + e.sample), true);
    addEventListener("error", (e) => complain("error " + (e.message || e.target.src || e.target.href)), true);
    addEventListener("unhandledrejection", (e) => complain("rejection " + e.reason));
    for (const level of ["error", "warn"]) {
        const told = console[level];
        console[level] = (...words) => { complain(level + " " + words.join(" ")); told.apply(console, words); };
    }
"#;

/// A window of 1280 by 900 pixels.
pub(crate) struct Window {
    chromium: Chromium,
    base: String,
}

impl Window {
    /// `None` where the run goes without a browser.
    pub(crate) async fn open(app: &TestApp) -> Option<Self> {
        let chromium = Chromium::start(1280, 900, false).await?;
        let base = format!("http://localhost:{}", app.addresses().http.port());
        let window = Self { chromium, base };
        window
            .tell(
                "Page.addScriptToEvaluateOnNewDocument",
                json!({ "source": WATCH }),
            )
            .await;
        let clipboard = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        window.tell("Browser.grantPermissions", clipboard).await;
        // Only a page that has the focus may use the clipboard, and no window manager gives it to a headless one.
        window
            .tell("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }))
            .await;
        Some(window)
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) async fn tell(&self, command: &str, parameters: Value) -> Value {
        self.cdp().send_raw(command, parameters).await.expect(command)
    }

    /// Opens a page of the server.
    pub(crate) async fn visit(&self, path: &str) {
        let path = path.strip_prefix(&self.base).unwrap_or(path);
        self.chromium.show(&format!("{}{path}", self.base)).await;
    }

    /// The path that the window is at.
    pub(crate) async fn path(&self) -> String {
        self.current_url().await.expect("a URL").path().to_owned()
    }

    /// Waits until the window is at `path`.
    pub(crate) async fn is_at(&self, path: &str) {
        until(path, PATIENCE, async || (self.path().await == path).then_some(())).await;
    }

    /// What a person can read on the page.
    pub(crate) async fn words(&self) -> String {
        let Ok(body) = self.find(By::Tag("body")).await else {
            return String::new();
        };
        body.text().await.unwrap_or_default()
    }

    /// Waits until the page says `text`.
    pub(crate) async fn sees(&self, text: &str) {
        until(&format!("the page says {text:?}"), PATIENCE, async || {
            self.words().await.contains(text).then_some(())
        })
        .await;
    }

    /// Waits until the page no longer says `text`.
    pub(crate) async fn no_longer_sees(&self, text: &str) {
        until(
            &format!("the page no longer says {text:?}"),
            PATIENCE,
            async || (!self.words().await.contains(text)).then_some(()),
        )
        .await;
    }

    /// Whether `text` is anywhere in the page, seen or not.
    pub(crate) async fn source_has(&self, text: &str) -> bool {
        self.source().await.expect("the page").contains(text)
    }

    /// Clicks the button or the link that is called `name` and can be clicked; in the dialog, if one is open.
    pub(crate) async fn click(&self, name: &str) {
        until(&format!("{name:?} can be clicked"), PATIENCE, async || {
            for element in self.called(name).await {
                if element.click().await.is_ok() {
                    return Some(());
                }
            }
            None
        })
        .await;
    }

    /// The buttons and links that are called `name` and are seen; in the dialog, if one is open, and those of an open
    /// menu first.
    pub(crate) async fn called(&self, name: &str) -> Vec<WebElement> {
        let inside = if self.dialog_is_open().await {
            "//dialog[@open]"
        } else {
            ""
        };
        let named = format!("[normalize-space(.)=\"{name}\" or @aria-label=\"{name}\"]");
        let path = format!("{inside}//*[self::button or self::a or self::summary]{named}");
        let (mut of_menu, mut others) = (Vec::new(), Vec::new());
        for element in self.find_all(By::XPath(path)).await.unwrap_or_default() {
            if element.is_clickable().await.unwrap_or(false) {
                match element.attr("role").await {
                    Ok(Some(role)) if role.starts_with("menuitem") => of_menu.push(element),
                    _ => others.push(element),
                }
            }
        }
        of_menu.append(&mut others);
        of_menu
    }

    pub(crate) async fn dialog_is_open(&self) -> bool {
        self.find(By::Css("dialog[open]")).await.is_ok()
    }

    /// The field with the label `label`, once it is seen.
    pub(crate) async fn field(&self, label: &str) -> WebElement {
        until(label, PATIENCE, async || {
            let labels = self
                .find_all(By::XPath(format!("//label[normalize-space(.)=\"{label}\"]")))
                .await
                .ok()?;
            for found in labels {
                if let (Ok(true), Ok(Some(id))) = (found.is_displayed().await, found.attr("for").await) {
                    return self.find(By::Id(id)).await.ok();
                }
            }
            None
        })
        .await
    }

    /// Replaces what is in the field with the label `label`.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.expect(label);
        field.send_keys(text).await.expect(label);
    }

    /// Whether the button called `name` is there and can be pressed.
    pub(crate) async fn is_awake(&self, name: &str) -> bool {
        !self.called(name).await.is_empty()
    }

    /// Presses keys, wherever the focus is.
    pub(crate) async fn press(&self, keys: impl Into<TypingData>) {
        self.action_chain()
            .send_keys(keys.into())
            .perform()
            .await
            .expect("keys");
    }

    /// The name of what has the focus.
    pub(crate) async fn focused(&self) -> String {
        let Ok(element) = self.active_element().await else {
            return String::new();
        };
        match element.attr("aria-label").await {
            Ok(Some(label)) => label,
            _ => element.text().await.unwrap_or_default(),
        }
    }

    /// Waits until what is called `name` has the focus.
    pub(crate) async fn focus_is_on(&self, name: &str) {
        until(&format!("the focus is on {name:?}"), PATIENCE, async || {
            (self.focused().await == name).then_some(())
        })
        .await;
    }

    /// What `script` returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.execute(script, Vec::new())
            .await
            .expect(script)
            .json()
            .clone()
    }

    /// The text in the clipboard.
    pub(crate) async fn clipboard(&self) -> String {
        let read = "const done = arguments[0]; navigator.clipboard.readText().then(done, () => done(''));";
        let text = self.execute_async(read, Vec::new()).await.expect("the clipboard");
        text.convert().expect("text")
    }

    /// Copies by the button called `name`, and gives what is in the clipboard then.
    pub(crate) async fn copy_by(&self, name: &str) -> String {
        self.run("return navigator.clipboard.writeText('').then(() => true)")
            .await;
        self.click(name).await;
        until(&format!("{name:?} copies"), PATIENCE, async || {
            Some(self.clipboard().await).filter(|text| !text.is_empty())
        })
        .await
    }

    /// Signs in by the mail's link.
    pub(crate) async fn sign_in(&self, app: &mut TestApp, person: &Person) {
        self.visit("/login").await;
        self.fill("E-mail address", &person.email).await;
        self.click("Send sign-in link").await;
        self.sees("Check your mail").await;
        let link = app.mailbox.next(&person.email).await.link();
        self.visit(&link).await;
        self.click(&format!("Sign in as {}", person.handle)).await;
        self.is_at("/").await;
    }

    /// Lays the page out for a screen of this size, light or dark.
    pub(crate) async fn screen(&self, width: u32, height: u32, scale: f64, dark: bool) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await;
        self.scheme(dark).await;
    }

    /// Asks for light or dark pages, as the system does; nothing moves, so that what is seen is settled.
    pub(crate) async fn scheme(&self, dark: bool) {
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        let motion = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        let media = json!({ "features": [scheme, motion] });
        self.tell("Emulation.setEmulatedMedia", media).await;
    }

    /// Writes what the screen shows.
    pub(crate) async fn picture(&self, path: &Path) {
        self.chromium.screenshot_to(path).await;
    }

    /// Asserts that no page broke its policy and no script failed since the window was opened, or was signed out.
    pub(crate) async fn has_no_complaints(&self) {
        let complaints = self.run("return localStorage.getItem('complaints')").await;
        assert_eq!(complaints, Value::Null);
    }

    /// Closes it, whatever its pages complained of.
    pub(crate) async fn quit(self) {
        self.chromium.quit().await;
    }

    /// Closes it; there must be no complaints.
    pub(crate) async fn close(self) {
        self.has_no_complaints().await;
        self.chromium.quit().await;
    }
}

impl Deref for Window {
    type Target = Chromium;

    fn deref(&self) -> &Chromium {
        &self.chromium
    }
}
