//! What a mail server took, as its journal says: which mails, how often, and what explains the second time.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

/// A mail that the server took.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) id: String,
    pub(super) to: String,
    pub(super) subject: String,
    /// When, in seconds.
    pub(super) at: f64,
    /// Whether it kept the reply to itself.
    cut: bool,
}

/// Everything that was taken, in order.
pub(super) fn read(path: &Path) -> Vec<Taken> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // The last line may be half written.
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let taken = lines.map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| line[name].as_str().unwrap().to_owned();
        Taken {
            id: field("id"),
            to: field("to"),
            subject: field("subject"),
            at: line["at"].as_f64().unwrap(),
            cut: line["cut"].as_bool().unwrap(),
        }
    });
    taken.collect()
}

/// How many were taken.
pub(super) fn count(path: &Path) -> usize {
    std::fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

/// Each recipient and subject was taken, as one mail however often: shown once by its `Message-ID`.
pub(super) fn assert_each_once(taken: &[Taken], expected: &BTreeSet<(String, String)>) {
    let mut ids: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for mail in taken {
        let key = (mail.to.clone(), mail.subject.clone());
        ids.entry(key).or_default().insert(&mail.id);
    }
    let lost: Vec<_> = expected.iter().filter(|key| !ids.contains_key(*key)).collect();
    assert!(
        lost.is_empty(),
        "{} lost: {:?}",
        lost.len(),
        lost.iter().take(5).collect::<Vec<_>>()
    );
    let twice: Vec<_> = expected.iter().filter(|key| ids[*key].len() > 1).collect();
    assert!(twice.is_empty(), "written twice: {twice:?}");
}

/// How often a mail was taken once more, by what explains it.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    /// The server kept its reply to itself.
    pub(super) reply_cut: usize,
    /// The server was killed before it replied.
    pub(super) server_killed: usize,
    /// Standpipe was killed before it noted the reply.
    pub(super) standpipe_killed: usize,
    /// Nothing explains these: what was taken first, and once more.
    pub(super) unexplained: Vec<(Taken, Taken)>,
}

impl Duplicates {
    pub(super) fn count(taken: &[Taken], server_kills: &[f64], standpipe_kills: &[f64]) -> Self {
        /// From before the mail was taken, for what was on its way when its sender died is taken a moment later, until
        /// longer than a reply and its note take on a busy machine.
        const AROUND: std::ops::Range<f64> = -2.0..5.0;
        let mut last: BTreeMap<&str, &Taken> = BTreeMap::new();
        let mut found = Self::default();
        for mail in taken {
            let Some(before) = last.insert(&mail.id, mail) else {
                continue;
            };
            let around = |kills: &[f64]| kills.iter().any(|at| AROUND.contains(&(at - before.at)));
            match () {
                () if before.cut => found.reply_cut += 1,
                () if around(server_kills) => found.server_killed += 1,
                () if around(standpipe_kills) => found.standpipe_killed += 1,
                () => found.unexplained.push((before.clone(), mail.clone())),
            }
        }
        found
    }

    pub(super) fn all(&self) -> usize {
        self.reply_cut + self.server_killed + self.standpipe_killed + self.unexplained.len()
    }
}
