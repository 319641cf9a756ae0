//! `standpipe audit`.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{World, piped};

#[test]
fn the_log_is_listed_filtered_and_exported() {
    let world = World::new().with_token();
    let listed = world.ok(&["audit"]);
    assert!(
        listed.starts_with("TIME") && listed.contains("token.create") && listed.contains("user.create"),
        "{listed}"
    );
    assert_eq!(
        world
            .json(&["audit", "--json", "--limit", "1"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let filtered = world.json(&["audit", "--where", "action_type = 'user.create'", "--json"]);
    assert_eq!(filtered.as_array().unwrap().len(), 1);
    assert_eq!(filtered[0]["target_handle"], "ana");
    assert!(
        world
            .fails(&["audit", "--where", "nonsense = 1"])
            .contains("where: ")
    );
    let lines = world.ok(&[
        "audit",
        "--export",
        "jsonl",
        "--where",
        "action_type like 'token.%'",
    ]);
    assert!(
        lines
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
            && lines.lines().count() == 1
    );
    let csv = world.ok(&["audit", "--export", "csv"]);
    assert!(
        csv.lines().count() > 2 && csv.lines().next().unwrap().contains("action_type"),
        "{csv}"
    );
    world.binary.fails(2, &["audit", "--export", "xml"]);
    world.binary.fails(2, &["audit", "--follow", "--export", "csv"]);
}

#[test]
fn what_happens_is_told_once_until_ctrl_c() {
    let world = World::new().with_token();
    let mut child = piped(world.binary.command(&["audit", "--follow", "--json"]));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let mut numbers = vec![next()["sequence"].as_u64().unwrap()];
    world.ok(&["profile", "set", "--display-name", "One"]);
    world.ok(&["profile", "set", "--display-name", "Two"]);
    let mut updates = Vec::new();
    while updates.len() < 2 {
        let record = next();
        numbers.push(record["sequence"].as_u64().unwrap());
        if record["action_type"] == "user.update" {
            updates.push(
                record["data"]["after"]["display_name"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    assert_eq!(updates, ["One", "Two"]);
    let expected: Vec<u64> = (numbers[0]..numbers[0] + numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "each once, in its order");
    kill_process(
        Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(),
        Signal::INT,
    )
    .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let world = World::new().with_token();
    for n in 0..40 {
        world
            .binary
            .run(&["profile", "set", "--display-name", &format!("Name {n}")]);
    }
    for arguments in [
        &["audit", "--export", "jsonl"][..],
        &["audit", "--limit", "100"],
        &["completions", "zsh"],
    ] {
        let mut child = world
            .binary
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let head = Command::new("head")
            .arg("-c1")
            .stdin(child.stdout.take().unwrap())
            .output()
            .unwrap();
        assert_eq!(head.stdout.len(), 1);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}
