//! The API's documentation, as people read it.

use askama::Template;

use super::Outside;

/// `/api/latest/docs`: every call of the API.
#[derive(Clone, Debug, Template)]
#[template(path = "docs/api.html")]
pub struct ApiDocsPage {
    /// The frame.
    pub outside: Outside,
    /// The server's version.
    pub version: String,
    /// What to know before all calls, a paragraph each.
    pub introduction: Vec<String>,
    /// Where the calls are.
    pub base_url: String,
    /// Where the document for programs is.
    pub document_url: String,
    /// The calls, by what they are about.
    pub sections: Vec<ApiSection>,
    /// What any call can be refused with.
    pub refusals: Vec<ApiAnswer>,
    /// What fields are made of.
    pub types: Vec<ApiType>,
}

/// The calls about one thing.
#[derive(Clone, Debug)]
pub struct ApiSection {
    /// Its name.
    pub name: String,
    /// Where it is on the page.
    pub anchor: String,
    /// A sentence.
    pub description: String,
    /// The calls.
    pub calls: Vec<ApiCall>,
}

/// A call.
#[derive(Clone, Debug)]
pub struct ApiCall {
    /// Its operation id, which is where it is on the page too.
    pub id: String,
    /// `GET` and so on.
    pub method: String,
    /// The path below the base.
    pub path: String,
    /// A sentence.
    pub summary: String,
    /// More.
    pub description: Vec<String>,
    /// Whether it needs no token.
    pub is_public: bool,
    /// What the path, the query and headers take.
    pub parameters: Vec<ApiField>,
    /// What the body takes.
    pub body: Option<ApiBody>,
    /// What it answers when all is well.
    pub answers: Vec<ApiAnswer>,
    /// With what it can be refused: the statuses.
    pub refusals: Vec<String>,
    /// A line for a shell.
    pub curl: String,
}

/// A body that a call takes.
#[derive(Clone, Debug)]
pub struct ApiBody {
    /// Its media types.
    pub media_types: Vec<String>,
    /// Whether it may be left out.
    pub is_optional: bool,
    /// Its fields.
    pub fields: Vec<ApiField>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct ApiAnswer {
    /// Its status.
    pub status: String,
    /// A sentence.
    pub description: String,
    /// Its media types.
    pub media_types: Vec<String>,
    /// What it is made of.
    pub kind: ApiKind,
    /// An example, as JSON.
    pub example: Option<String>,
}

/// A parameter or a field.
#[derive(Clone, Debug)]
pub struct ApiField {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header`; empty for a field of a body.
    pub place: String,
    /// What it takes.
    pub kind: ApiKind,
    /// Whether it must be there.
    pub is_required: bool,
    /// What it means.
    pub description: String,
}

/// What a value is.
#[derive(Clone, Debug, Default)]
pub struct ApiKind {
    /// In words: `string`, `list of Token`.
    pub words: String,
    /// The type on this page that tells more.
    pub link: Option<String>,
}

/// A type with a name.
#[derive(Clone, Debug)]
pub struct ApiType {
    /// Its name, which is where it is on the page too.
    pub name: String,
    /// What it is.
    pub description: String,
    /// In words, if it is a text: its form, or the words that it can be.
    pub form: String,
    /// Its fields, if it is an object.
    pub fields: Vec<ApiField>,
}
