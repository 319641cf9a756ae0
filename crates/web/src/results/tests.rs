//! Whole results in each format.

use app::queries::Kind;

use super::*;

fn frame(columns: &[(&str, &str, Kind)], cut: Option<Cut>) -> Frame {
    Frame {
        columns: columns
            .iter()
            .map(|(name, data_type, kind)| Column {
                name: (*name).to_owned(),
                original_name: name.strip_suffix("_1").map(str::to_owned),
                data_type: (*data_type).to_owned(),
                kind: kind.clone(),
            })
            .collect(),
        command: if cut.is_some() { "" } else { "SELECT" }.to_owned(),
        row_count: 2,
        cut,
        instance: "r_1".to_owned(),
    }
}

pub(super) fn row(values: &[Option<&str>]) -> Row {
    let mut octets = vec![0, 0];
    for value in values {
        let length = value.map_or(-1, |text| i32::try_from(text.len()).unwrap());
        octets.extend(length.to_be_bytes());
        octets.extend(value.unwrap_or_default().as_bytes());
    }
    Row::from_octets(octets.into())
}

fn written(format: Format, cut: Option<Cut>) -> String {
    let frame = frame(
        &[
            ("a", "int8", Kind::Number),
            ("b", "text", Kind::Text),
            ("a_1", "bool", Kind::Boolean),
        ],
        cut,
    );
    let mut writer = Writer::new(format, &frame);
    let mut out = Vec::new();
    writer.head(&frame, &mut out);
    writer.row(
        &row(&[Some("9007199254740993"), Some("x|\"y\""), Some("t")]),
        &mut out,
    );
    writer.row(&row(&[None, Some(""), Some("f")]), &mut out);
    writer.tail(&frame, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn json() {
    assert_eq!(
        written(Format::Json, None),
        concat!(
            r#"{"items":[{"a":9007199254740993,"b":"x|\"y\"","a_1":true},"#,
            "\n",
            r#"{"a":null,"b":"","a_1":false}],"columns":[{"name":"a","data_type":"int8"},"#,
            r#"{"name":"b","data_type":"text"},{"name":"a_1","data_type":"bool","original_name":"a"}],"#,
            r#""command":"SELECT","row_count":2}"#,
            "\n"
        )
    );
}

#[test]
fn json_of_a_part_says_why() {
    let text = written(Format::Json, Some(Cut::Rows(2)));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["type"], "row_limit");
    assert_eq!(value["title"], "Partial Content");
    assert_eq!(value["status"], 206);
    assert_eq!(value["instance"], "r_1");
    assert!(
        value["detail"]
            .as_str()
            .unwrap()
            .starts_with("There are more than 2 rows")
    );
    assert_eq!(value["items"].as_array().unwrap().len(), 2);
}

#[test]
fn csv_tells_null_from_nothing() {
    assert_eq!(
        written(Format::Csv, None),
        "a,b,a_1\r\n9007199254740993,\"x|\"\"y\"\"\",t\r\n,\"\",f\r\n"
    );
}

#[test]
fn markdown() {
    assert_eq!(
        written(Format::Markdown, Some(Cut::Rows(2))),
        "| a | b | a_1 |\n| ---: | --- | --- |\n| 9007199254740993 | x\\|\"y\" | t |\n| NULL |  | f |\n\n\
         There are more than 2 rows; these are the first. What it changed is kept.\n"
    );
}
