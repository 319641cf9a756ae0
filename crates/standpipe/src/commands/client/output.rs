//! What a command prints: JSON, tables and lines; colours on a terminal alone, and never with `NO_COLOR`.

use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, TableStyle, presets};
use serde_json::Value;

use crate::{Error, Result, ambient, commands::print};

/// Text that a terminal cannot be made to act on: control characters are written out.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c {
            '\n' | '\t' => vec![c],
            c if c.is_control() => c.escape_default().collect(),
            c => vec![c],
        })
        .collect()
}

/// JSON for scripts: indented, so that people can read it too.
pub(super) fn json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|_| Error::Refused("the answer cannot be written as JSON".to_owned()))?;
    print(&text)
}

/// Names and values, one pair a line.
pub(super) fn pairs(pairs: &[(&str, String)]) -> Result<()> {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs {
        print(&format!("{}  {}", dim(&format!("{name:width$}")), clean(value)))?;
    }
    Ok(())
}

/// A list: headings and rows in columns, or `none` on stderr.
pub(super) fn list(headings: &[&str], rows: Vec<Vec<String>>, none: &str) -> Result<()> {
    if rows.is_empty() {
        return note(none);
    }
    let headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let mut table = table(headings, rows, presets::NOTHING);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = trimmed(&table.to_string());
    // Coloured afterwards, so that colours do not count as width.
    match text.split_once('\n') {
        Some((first, rest)) => print(&format!("{}\n{rest}", bold(first))),
        None => print(&text),
    }
}

/// Rows between lines, as they are pasted into other texts.
pub(super) fn ruled(headings: Vec<String>, rows: Vec<Vec<String>>) -> Result<()> {
    print(&trimmed(
        &table(headings, rows, presets::ASCII_MARKDOWN).to_string(),
    ))
}

fn table(headings: Vec<String>, rows: Vec<Vec<String>>, style: TableStyle) -> Table {
    let mut table = Table::new();
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(headings);
    for row in rows {
        let one_line = |cell: &String| clean(cell).replace('\n', " ");
        table.add_row(row.iter().map(one_line).collect::<Vec<_>>());
    }
    table
}

/// Without blanks at the ends of lines.
pub(super) fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A sentence for the person, apart from what the command gives.
pub(super) fn note(sentence: &str) -> Result<()> {
    // Without a terminal there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{}", clean(sentence));
    Ok(())
}

/// Whether a person looks at what is printed.
pub(super) fn is_seen() -> bool {
    std::io::stdout().is_terminal()
}

fn has_colours() -> bool {
    let no_colour = ambient::variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_seen() && !no_colour && ambient::variable("TERM").is_none_or(|term| term != "dumb")
}

fn style(code: &str, text: &str) -> String {
    match has_colours() {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

fn bold(text: &str) -> String {
    style("1", text)
}

pub(super) fn dim(text: &str) -> String {
    style("2", text)
}

/// A field of an object as text; nothing is a dash.
pub(super) fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The fields of each object, in columns.
pub(super) fn rows(items: &[Value], names: &[&str]) -> Vec<Vec<String>> {
    items
        .iter()
        .map(|item| names.iter().map(|name| text(item, name)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_steered_by_what_others_wrote() {
        assert_eq!(
            clean("a\u{1b}[2Jb\u{7}\r\nc\td é"),
            "a\\u{1b}[2Jb\\u{7}\\r\nc\td é"
        );
    }
}
