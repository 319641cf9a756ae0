//! A sample of the API's documentation. The real one is long; `api/docs/tests.rs` looks at it.

use super::{Pages, Words, show};
use crate::{console::outside, pages::*};

fn field(words: &Words, place: &str) -> ApiField {
    ApiField {
        name: words.or("token"),
        place: place.into(),
        kind: ApiKind {
            words: "TokenId".into(),
            link: Some("TokenId".into()),
        },
        is_required: true,
        description: words.or("The token, by id."),
    }
}

fn answer(words: &Words, status: &str) -> ApiAnswer {
    ApiAnswer {
        status: status.into(),
        description: words.or("The token as it is now."),
        media_types: vec!["application/json".into()],
        kind: ApiKind::default(),
        example: Some(words.or("{\n  \"status\": \"inactive\"\n}")),
    }
}

pub(super) fn api_docs(words: &Words) -> Pages {
    let call = ApiCall {
        id: "update_token".into(),
        method: "PATCH".into(),
        path: words.or("/user/{user}/token/{token}"),
        summary: words.or("Renames a token."),
        description: vec![words.or("More of it.")],
        is_public: false,
        parameters: vec![field(words, "path")],
        body: Some(ApiBody {
            media_types: vec!["application/json".into()],
            is_optional: true,
            fields: vec![field(words, "")],
        }),
        answers: vec![answer(words, "200")],
        refusals: vec!["404".into()],
        curl: words.or("curl -X PATCH 'http://localhost:8080/api/latest/user/ana/token/t_1'"),
    };
    let page = ApiDocsPage {
        outside: outside(),
        version: "0.1.0".into(),
        introduction: vec![words.or("Send a token.")],
        base_url: "http://localhost:8080/api/latest".into(),
        document_url: "/api/latest/docs/openapi.json".into(),
        sections: vec![ApiSection {
            name: "Tokens".into(),
            anchor: "about-tokens".into(),
            description: words.or("API tokens."),
            calls: vec![call],
        }],
        refusals: vec![answer(words, "404")],
        types: vec![ApiType {
            name: "TokenId".into(),
            description: words.or("The id of a token."),
            form: "^t_[0-9a-v]{20}$".into(),
            fields: Vec::new(),
        }],
    };
    vec![("api-docs", show(page))]
}
