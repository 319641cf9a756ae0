//! A browser without JavaScript: cookies, forms and the headers by which a server knows its own pages.

use std::{net::SocketAddr, sync::Arc};

use reqwest::{
    Client, Method, RequestBuilder,
    cookie::{CookieStore as _, Jar},
    header,
};

use crate::{Answer, FormData, Mailbox, callers::client};

/// A browser with a cookie jar of its own.
#[derive(Debug, Clone)]
pub struct Browser {
    client: Client,
    jar: Arc<Jar>,
    origin: String,
}

impl Browser {
    pub(crate) fn new(http: SocketAddr) -> Self {
        Self::called(http, "")
    }

    pub(crate) fn called(http: SocketAddr, user_agent: &str) -> Self {
        let jar = Arc::new(Jar::default());
        Self {
            client: client(http)
                .cookie_provider(jar.clone())
                .user_agent(user_agent)
                .build()
                .expect("a client"),
            jar,
            origin: format!("http://localhost:{}", http.port()),
        }
    }

    /// Opens a page. Redirects are not followed.
    pub async fn get(&self, path: &str) -> Answer {
        let request = self
            .client
            .request(Method::GET, self.url(path))
            .header("sec-fetch-site", "none");
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// Opens a page, wherever that leads.
    pub async fn visit(&self, path: &str) -> Answer {
        let mut answer = self.get(path).await;
        for _ in 0..5 {
            if !(300..400).contains(&answer.status) {
                break;
            }
            let location = answer.header("location").to_owned();
            answer = self.get(&location).await;
        }
        answer
    }

    /// Sends a form, as a page of the server does.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        Answer::read(self.form(path, fields).send().await.expect("an answer")).await
    }

    /// Sends a form through a proxy that names `client` in `X-Forwarded-For`.
    pub async fn post_forwarded(&self, path: &str, fields: &[(&str, &str)], client: &str) -> Answer {
        let request = self.form(path, fields).header("x-forwarded-for", client);
        Answer::read(request.send().await.expect("an answer")).await
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.client
            .request(Method::POST, self.url(path))
            .header(header::ORIGIN, &self.origin)
            .header("sec-fetch-site", "same-origin")
            .form(fields)
    }

    /// Sends a form that stands on `page`, with the anti-forgery token from there.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.get(page).await.with_status(200).hidden("csrf");
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    /// Sends a form with a file that stands on `page`, with the anti-forgery token from there.
    pub async fn upload(&self, page: &str, path: &str, file: &[u8]) -> Answer {
        let csrf = self.get(page).await.with_status(200).hidden("csrf");
        let form = FormData::default().field("csrf", &csrf);
        self.post_form_data(path, &form.file("avatar", "me.png", "image/png", file))
            .await
    }

    /// Sends a form with files, as a page of the server does.
    pub async fn post_form_data(&self, path: &str, form: &FormData) -> Answer {
        let request = self
            .client
            .request(Method::POST, self.url(path))
            .header(header::ORIGIN, &self.origin)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, FormData::content_type())
            .body(form.body());
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// Signs in to an account that is there, by the link from the mail.
    pub async fn sign_in(&self, email: &str, mailbox: &mut Mailbox) {
        self.post("/login", &[("email", email)]).await.with_status(303);
        let link = mailbox.next(email).await.link();
        self.follow(&link).await.with_status(303);
        self.get("/").await.with_status(200);
    }

    /// Opens a sign-in link and presses its button.
    pub async fn follow(&self, link: &str) -> Answer {
        let path = link.strip_prefix(&self.origin).expect("a link to this server");
        let secret = self.get(path).await.with_status(200).hidden("secret");
        self.post("/login/confirm", &[("secret", &secret)]).await
    }

    /// Makes an account by mail, and is signed in to it.
    pub async fn sign_up(&self, handle: &str, email: &str, mailbox: &mut Mailbox) {
        self.post("/signup", &[("email", email)]).await.with_status(303);
        let link = mailbox.next(email).await.link();
        let chosen = self.follow(&link).await.with_status(303);
        assert_eq!(chosen.header("location"), "/signup/handle");
        let form = [("handle", handle), ("display_name", "")];
        self.post("/signup/handle", &form).await.with_status(303);
        self.get("/").await.with_status(200);
    }

    /// The values of its cookies.
    pub fn cookie_values(&self) -> Vec<String> {
        let url = self.origin.parse().expect("a URL");
        let header = self.jar.cookies(&url);
        let text = header
            .as_ref()
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        text.split("; ")
            .filter_map(|cookie| cookie.split_once('='))
            .map(|(_, value)| value.to_owned())
            .collect()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}
