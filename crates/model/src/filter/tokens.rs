//! The words and signs of a `where`.

use std::ops::Range;

use winnow::{
    LocatingSlice, ModalResult, Parser,
    ascii::multispace0,
    combinator::{alt, delimited, opt, preceded, repeat},
    stream::Location,
    token::{one_of, take_while},
};

use super::FilterError;

type Input<'a> = LocatingSlice<&'a str>;

/// A word or sign, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A column or keyword, in lower case.
    Word(String),
    /// A column in double quotes.
    Name(String),
    /// A text in single quotes.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// A sign.
    Sign(&'static str),
}

/// The longest first: `<=` is not `<` and `=`.
const SIGNS: [&str; 14] = [
    "->>", "->", "<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ",", "+", "-",
];

/// All tokens of `text`.
pub(super) fn read(text: &str) -> Result<Vec<Token>, FilterError> {
    if let Some(offset) = text.find('\0') {
        return Err(FilterError::in_text(
            text,
            offset,
            "This character cannot be searched for.",
        ));
    }
    let mut input = LocatingSlice::new(text);
    let mut tokens = Vec::new();
    loop {
        let _: ModalResult<&str> = multispace0.parse_next(&mut input);
        let start = input.current_token_start();
        if start >= text.len() {
            return Ok(tokens);
        }
        match token.parse_next(&mut input) {
            Ok(kind) => {
                let span = start..input.previous_token_end();
                tokens.push(Token { kind, span });
            }
            Err(_) => return Err(stray(text, start)),
        }
    }
}

fn stray(text: &str, start: usize) -> FilterError {
    let message = match text.get(start..).and_then(|rest| rest.chars().next()) {
        Some('\'') => {
            "This text has no end. Close it with a single quote; write two of them for one in the text."
        }
        Some('"') => "This name has no end. Close it with a double quote; texts stand in single quotes.",
        Some(';') => "A filter is one condition. Leave the semicolon out.",
        _ => "This character means nothing here. Put texts in single quotes.",
    };
    FilterError::in_text(text, start, message)
}

fn token(input: &mut Input<'_>) -> ModalResult<TokenKind> {
    alt((
        word.map(TokenKind::Word),
        quoted('\'').map(TokenKind::Text),
        quoted('"').map(TokenKind::Name),
        number.map(TokenKind::Number),
        sign.map(TokenKind::Sign),
    ))
    .parse_next(input)
}

fn word(input: &mut Input<'_>) -> ModalResult<String> {
    (
        one_of(|c: char| c.is_ascii_alphabetic() || c == '_'),
        take_while(0.., |c: char| c.is_ascii_alphanumeric() || c == '_'),
    )
        .take()
        .map(|word: &str| word.to_ascii_lowercase())
        .parse_next(input)
}

/// Text between two of `quote`; twice the quote is one in the text.
fn quoted<'a>(
    quote: char,
) -> impl Parser<Input<'a>, String, winnow::error::ErrMode<winnow::error::ContextError>> {
    let plain = take_while(1.., move |c: char| c != quote);
    let doubled = (quote, quote).take();
    let text = repeat(
        0..,
        alt((plain, doubled.map(|two: &str| two.get(1..).unwrap_or("")))),
    )
    .fold(String::new, |mut text: String, part: &str| {
        text.push_str(part);
        text
    });
    delimited(quote, text, quote)
}

fn number(input: &mut Input<'_>) -> ModalResult<String> {
    let digits = || take_while(1.., |c: char| c.is_ascii_digit());
    (digits(), opt(preceded('.', digits())))
        .take()
        .map(str::to_owned)
        .parse_next(input)
}

fn sign(input: &mut Input<'_>) -> ModalResult<&'static str> {
    for sign in SIGNS {
        let found: ModalResult<Option<&str>> = opt(sign).parse_next(input);
        if found?.is_some() {
            return Ok(sign);
        }
    }
    winnow::combinator::fail.parse_next(input)
}
