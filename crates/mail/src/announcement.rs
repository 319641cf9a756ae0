//! What the operator writes, in Markdown, as a mail: the same words as text and as HTML.

use askama::Template;
use model::preferences::Category;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, html};
use url::Url;

use crate::Rendered;

/// Why Markdown cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has a picture in it.
    #[error(
        "There is a picture in it. Mails here have none: one from the web would tell when a mail is read."
    )]
    Picture,
    /// It has HTML in it.
    #[error("There is HTML in it. Write Markdown alone.")]
    Html,
    /// It has a link that leads to something else than a page or a mailbox.
    #[error("A link leads to {0}. Use https, http or mailto.")]
    Link(String),
    /// It says nothing.
    #[error("There is nothing in it.")]
    Empty,
}

/// An announcement to one person.
#[derive(Debug, Clone, Copy)]
pub struct Announcement<'a> {
    /// The subject line.
    pub subject: &'a str,
    /// What it says, in Markdown that [`check_markdown`] found fit.
    pub markdown: &'a str,
    /// Why they get it.
    pub category: Category,
    /// Where they say that they want no more of them.
    pub unsubscribe: &'a Url,
    /// Where all their choices are.
    pub preferences: &'a Url,
}

#[derive(Template)]
#[template(path = "announcement.html")]
struct Html<'a> {
    announcement: &'a Announcement<'a>,
    /// HTML that was made here of Markdown without HTML.
    body: String,
}

#[derive(Template)]
#[template(path = "announcement.txt")]
struct Text<'a> {
    announcement: &'a Announcement<'a>,
}

/// Whether Markdown can be sent as a mail.
pub fn check_markdown(markdown: &str) -> Result<(), Unfit> {
    let mut says_something = false;
    for event in parser(markdown) {
        match event {
            Event::Start(Tag::Image { .. }) => return Err(Unfit::Picture),
            Event::Html(_) | Event::InlineHtml(_) => return Err(Unfit::Html),
            Event::Start(Tag::Link {
                link_type, dest_url, ..
            }) => check_link(link_type, &dest_url)?,
            Event::Text(_) | Event::Code(_) => says_something = true,
            _ => {}
        }
    }
    if says_something { Ok(()) } else { Err(Unfit::Empty) }
}

fn check_link(kind: LinkType, to: &str) -> Result<(), Unfit> {
    let fits = kind == LinkType::Email
        || Url::parse(to).is_ok_and(|url| ["https", "http", "mailto"].contains(&url.scheme()));
    if fits {
        Ok(())
    } else {
        Err(Unfit::Link(to.to_owned()))
    }
}

impl Announcement<'_> {
    /// Subject, text and HTML. The text is the Markdown itself, which is made to be read.
    pub fn render(&self) -> Result<Rendered, askama::Error> {
        let mut body = String::new();
        html::push_html(&mut body, parser(self.markdown));
        Ok(Rendered {
            subject: self.subject.to_owned(),
            text: Text { announcement: self }.render()?,
            html: Html {
                announcement: self,
                body,
            }
            .render()?,
        })
    }
}

fn parser(markdown: &str) -> Parser<'_> {
    Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_sent_is_said() {
        for (markdown, unfit) in [
            ("![x](https://example.com/x.png)", Unfit::Picture),
            ("a <b>b</b>", Unfit::Html),
            ("<script>alert(1)</script>", Unfit::Html),
            (
                "[x](javascript:alert(1))",
                Unfit::Link("javascript:alert(1)".to_owned()),
            ),
            ("[x](/relative)", Unfit::Link("/relative".to_owned())),
            (" \n", Unfit::Empty),
        ] {
            assert_eq!(check_markdown(markdown), Err(unfit), "{markdown}");
        }
        for markdown in [
            "# Hi\n\n* a `b`\n* <https://example.com>",
            "[x](mailto:a@example.com)",
            "a < b & c",
        ] {
            assert_eq!(check_markdown(markdown), Ok(()), "{markdown}");
        }
    }

    #[test]
    fn text_and_html_say_the_same() {
        let url: Url = "https://standpipe.example.com/unsubscribe/x".parse().unwrap();
        let announcement = Announcement {
            subject: "News & more",
            markdown: "# Hello\n\nA **new** release: [notes](https://example.com/notes?a=1&b=2).",
            category: Category::TipsAndTricks,
            unsubscribe: &url,
            preferences: &url,
        };
        let mail = announcement.render().unwrap();
        for part in [&mail.text, &mail.html] {
            assert!(
                part.contains("Hello") && part.contains("https://example.com/notes?a=1&"),
                "{part}"
            );
            assert!(part.contains(url.as_str()));
        }
        assert!(mail.html.contains("<strong>new</strong>") && mail.html.contains("Tips &#38; Tricks"));
        assert!(mail.text.contains("Tips & Tricks"));
    }
}
