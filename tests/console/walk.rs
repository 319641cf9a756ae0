//! Every page of the console, found by walking the routes: whoever adds a page adds nothing here, unless its path has a
//! parameter of a new kind.

use std::collections::BTreeMap;

use testkit::{Bearer, Browser, Person};

/// What stands in the place of each parameter, for one account; `none` where it has nothing of the kind.
pub(super) struct Names(BTreeMap<&'static str, String>);

impl Names {
    /// Those of `person`, who has a workspace `dev` and a token.
    pub(super) async fn of(person: &Person, bearer: &Bearer) -> Self {
        let first = async |list: &str| {
            let path = format!("/api/latest/user/{}/{list}", person.handle);
            let answer = bearer.get(&path).await;
            let id = (answer.status == 200).then(|| answer.json()["items"][0]["id"].clone());
            id.and_then(|id| id.as_str().map(str::to_owned))
                .unwrap_or_else(|| "none".to_owned())
        };
        let names = BTreeMap::from([
            ("{workspace}", "dev".to_owned()),
            ("{token}", first("token").await),
            ("{session}", first("session").await),
            ("{process}", first("process").await),
            ("{record}", first("audit_log").await),
            ("{email}", first("email").await),
            ("{member}", "bob".to_owned()),
            ("{connection}", "none".to_owned()),
            ("{name}", "none".to_owned()),
            ("{mail}", "none".to_owned()),
            ("{alarm}", "sign-in".to_owned()),
        ]);
        Self(names)
    }

    fn fill(&self, path: &str) -> String {
        let part = |part: &str| match part.starts_with('{') {
            true => {
                let known = self.0.get(part);
                known
                    .unwrap_or_else(|| panic!("say in walk.rs what stands for {part} of {path}"))
                    .clone()
            }
            false => part.to_owned(),
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}

/// The pages that `browser`, who is signed in, can open.
pub(super) async fn pages(browser: &Browser, names: &Names) -> Vec<String> {
    let mut pages = Vec::new();
    for path in web::paths().iter().filter(|path| !path.starts_with("/api/")) {
        let path = names.fill(path);
        let answer = browser.get(&path).await;
        if answer.status == 200 && answer.header("content-type").starts_with("text/html") {
            pages.push(path);
        }
    }
    pages
}
