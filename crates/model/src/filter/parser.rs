//! From tokens to a filter.

use jiff::Timestamp;

use super::{
    Check, Column, Comparison, Filter, FilterError, Kind, MAX_DEPTH, MAX_PATTERN, MAX_TESTS, MAX_VALUES,
    Operand, Test, Value,
    time::{moved, parse_interval, parse_time},
    tokens::{Token, TokenKind},
};

const TIME_ADVICE: &str =
    "Write a time as '2026-11-24', '2026-11-24 10:00', '2026-11-24T10:00:00Z', or now() - interval '7 days'.";
const INTERVAL_ADVICE: &str = "Write an interval as '7 days', '1 hr', '2 weeks' or '3 months'.";

/// Reads tokens from the left. Every step either moves on or fails, and recursion is counted, so that it always ends.
pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    next: usize,
    depth: usize,
    tests: usize,
    columns: &'static [Column],
    now: Timestamp,
}

type Result<T> = std::result::Result<T, FilterError>;

impl<'a> Parser<'a> {
    pub(super) fn new(
        text: &'a str,
        tokens: &'a [Token],
        columns: &'static [Column],
        now: Timestamp,
    ) -> Self {
        Self {
            text,
            tokens,
            next: 0,
            depth: 0,
            tests: 0,
            columns,
            now,
        }
    }

    /// The whole text as one filter.
    pub(super) fn filter(mut self) -> Result<Filter> {
        let filter = self.any()?;
        match self.peek() {
            None => Ok(filter),
            Some(_) => Err(self.wrong("Join conditions with and or or; nothing else may follow here.")),
        }
    }

    fn any(&mut self) -> Result<Filter> {
        let mut parts = vec![self.all()?];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter> {
        let mut parts = vec![self.one()?];
        while self.take_word("and") {
            parts.push(self.one()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn one(&mut self) -> Result<Filter> {
        if self.depth >= MAX_DEPTH {
            return Err(self.wrong(format!(
                "This is nested too deep. Use at most {MAX_DEPTH} levels."
            )));
        }
        self.depth += 1;
        let filter = if self.take_word("not") {
            Filter::Not(Box::new(self.one()?))
        } else if self.take_sign("(") {
            let inner = self.any()?;
            self.expect_sign(")", "Close the parenthesis.")?;
            inner
        } else {
            Filter::Test(self.test()?)
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn test(&mut self) -> Result<Test> {
        self.tests += 1;
        if self.tests > MAX_TESTS {
            return Err(self.wrong(format!("These are too many conditions. Use at most {MAX_TESTS}.")));
        }
        let start = self.next;
        let operand = self.operand()?;
        let check = self.check(&operand)?;
        let whole = operand.column.kind == Kind::Json && operand.path.is_empty();
        if whole && !matches!(check, Check::Null { .. }) {
            let name = operand.column.name;
            self.next = start;
            return Err(self.wrong(format!(
                "{name} is a JSON object. Name a fact in it, as in {name} ->> 'state' = 'enabled'."
            )));
        }
        Ok(Test { operand, check })
    }

    fn operand(&mut self) -> Result<Operand> {
        let column = self.column()?;
        let mut path = Vec::new();
        loop {
            let last = self.take_sign("->>");
            if !last && !self.take_sign("->") {
                return Ok(Operand { column, path });
            }
            if column.kind != Kind::Json {
                self.next -= 1;
                return Err(self.wrong(format!("{} is no JSON object: compare it as it is.", column.name)));
            }
            path.push(self.key()?);
            if last {
                return Ok(Operand { column, path });
            }
        }
    }

    /// A key of a JSON object. Other spellings mean other things to the engines.
    fn key(&mut self) -> Result<String> {
        let key = self.text("Write the name of the fact in single quotes, as in data ->> 'state'.")?;
        let starts = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if starts && key.chars().all(plain) && key.len() <= MAX_PATTERN {
            return Ok(key);
        }
        self.next -= 1;
        Err(self.wrong("The name of a fact begins with a letter and has letters, digits, - and _ only."))
    }

    fn column(&mut self) -> Result<&'static Column> {
        let names = || {
            let names: Vec<_> = self.columns.iter().map(|column| column.name).collect();
            names.join(", ")
        };
        let name = match self.peek() {
            Some(TokenKind::Word(name) | TokenKind::Name(name)) => name,
            _ => return Err(self.wrong(format!("A condition begins with a column: {}.", names()))),
        };
        match self.columns.iter().find(|column| column.name == *name) {
            Some(column) => {
                self.next += 1;
                Ok(column)
            }
            None => Err(self.wrong(format!("There is no such column here. There are: {}.", names()))),
        }
    }

    fn check(&mut self, operand: &Operand) -> Result<Check> {
        if self.take_word("is") {
            let negated = self.take_word("not");
            return match self.take_word("null") {
                true => Ok(Check::Null { negated }),
                false => Err(self.wrong("Write is null or is not null.")),
            };
        }
        if let Some(comparison) = self.comparison() {
            return Ok(Check::Compare(comparison, self.value(operand, comparison)?));
        }
        let negated = self.take_word("not");
        if self.take_word("in") {
            let values = self.values(operand)?;
            return Ok(Check::In { values, negated });
        }
        let ignore_case = self.take_word("ilike");
        if ignore_case || self.take_word("like") {
            let pattern = self.pattern(operand)?;
            return Ok(Check::Like {
                pattern,
                ignore_case,
                negated,
            });
        }
        Err(self.wrong("After the column goes one of = <> < <= > >= like, ilike, in, is null, or their not."))
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let Some(TokenKind::Sign(sign)) = self.peek() else {
            return None;
        };
        let comparison = match *sign {
            "=" => Comparison::Equal,
            "<>" | "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">" => Comparison::Greater,
            ">=" => Comparison::AtLeast,
            _ => return None,
        };
        self.next += 1;
        Some(comparison)
    }

    fn values(&mut self, operand: &Operand) -> Result<Vec<Value>> {
        self.expect_sign(
            "(",
            "Write the values in parentheses, as in state in ('running', 'failed').",
        )?;
        let mut values = Vec::new();
        loop {
            values.push(self.value(operand, Comparison::Equal)?);
            if values.len() > MAX_VALUES {
                return Err(self.wrong(format!("These are too many values. Use at most {MAX_VALUES}.")));
            }
            if !self.take_sign(",") {
                self.expect_sign(")", "Separate values with commas and close the parenthesis.")?;
                return Ok(values);
            }
        }
    }

    fn pattern(&mut self, operand: &Operand) -> Result<String> {
        if matches!(operand.column.kind, Kind::Time | Kind::Number) {
            return Err(self.wrong(format!(
                "like is for texts. Compare {} with = < or >.",
                operand.column.name
            )));
        }
        let pattern = self.text("Write the pattern in single quotes, as in like 'token.%'.")?;
        let (fault, message) = if pattern.chars().count() > MAX_PATTERN {
            let message = format!("This pattern is too long. Use at most {MAX_PATTERN} characters.");
            (true, message)
        } else {
            let tail = pattern.chars().rev().take_while(|c| *c == '\\').count();
            (
                tail % 2 == 1,
                "A backslash stands before the character that it takes literally; write two of them for one."
                    .to_owned(),
            )
        };
        if fault {
            self.next -= 1;
            return Err(self.wrong(message));
        }
        Ok(pattern)
    }

    fn value(&mut self, operand: &Operand, comparison: Comparison) -> Result<Value> {
        match operand.column.kind {
            Kind::Time => self.time().map(Value::Time),
            Kind::Number => self.number().map(Value::Number),
            Kind::Text => self.text("Write the text in single quotes.").map(Value::Text),
            Kind::Json => self.json_value(comparison).map(Value::Text),
        }
    }

    /// Parts of JSON are compared as text, so that `5` and `true` may stand without quotes.
    fn json_value(&mut self, comparison: Comparison) -> Result<String> {
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        match self.peek() {
            Some(TokenKind::Number(text)) if equality => {
                self.next += 1;
                Ok(text.clone())
            }
            Some(TokenKind::Word(word)) if matches!(word.as_str(), "true" | "false") => {
                self.next += 1;
                Ok(word.clone())
            }
            _ => self.text("A fact is compared as text: write it in single quotes."),
        }
    }

    fn number(&mut self) -> Result<i64> {
        let negative = self.take_sign("-");
        let number = match self.peek() {
            Some(TokenKind::Number(text)) => text.parse::<i64>().ok(),
            _ => None,
        };
        match number {
            Some(number) => {
                self.next += 1;
                Ok(if negative { -number } else { number })
            }
            None => Err(self.wrong("Write a whole number, without quotes.")),
        }
    }

    fn time(&mut self) -> Result<Timestamp> {
        let mut at = match self.peek() {
            Some(TokenKind::Text(text)) => {
                let at = parse_time(text).ok_or_else(|| self.wrong(TIME_ADVICE))?;
                self.next += 1;
                at
            }
            Some(TokenKind::Word(word)) if word == "now" => {
                self.next += 1;
                self.expect_sign("(", TIME_ADVICE)?;
                self.expect_sign(")", TIME_ADVICE)?;
                self.now
            }
            Some(TokenKind::Word(word)) if word == "current_timestamp" => {
                self.next += 1;
                self.now
            }
            _ => return Err(self.wrong(TIME_ADVICE)),
        };
        loop {
            let back = self.take_sign("-");
            if !back && !self.take_sign("+") {
                return Ok(at);
            }
            at = self.shifted(at, back)?;
        }
    }

    fn shifted(&mut self, at: Timestamp, back: bool) -> Result<Timestamp> {
        if !self.take_word("interval") {
            return Err(self.wrong("Write interval before it, as in now() - interval '7 days'."));
        }
        let text = self.text(INTERVAL_ADVICE)?;
        let shifted = parse_interval(&text).and_then(|span| moved(at, span, back));
        shifted.ok_or_else(|| {
            self.next -= 1;
            self.wrong(INTERVAL_ADVICE)
        })
    }

    fn text(&mut self, advice: &str) -> Result<String> {
        match self.peek() {
            Some(TokenKind::Text(text)) => {
                self.next += 1;
                Ok(text.clone())
            }
            _ => Err(self.wrong(advice)),
        }
    }

    fn peek(&self) -> Option<&'a TokenKind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(TokenKind::Word(next)) if next == word);
        self.next += usize::from(found);
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(TokenKind::Sign(next)) if *next == sign);
        self.next += usize::from(found);
        found
    }

    fn expect_sign(&mut self, sign: &str, advice: &str) -> Result<()> {
        match self.take_sign(sign) {
            true => Ok(()),
            false => Err(self.wrong(advice)),
        }
    }

    /// What is wrong with the next token, or with the end.
    fn wrong(&self, message: impl Into<String>) -> FilterError {
        let offset = self
            .tokens
            .get(self.next)
            .map_or(self.text.len(), |token| token.span.start);
        FilterError::in_text(self.text, offset, message)
    }
}

fn one_or(mut parts: Vec<Filter>, many: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}
