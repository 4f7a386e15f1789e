//! HiveQL against the answers in `tests/golden`, which Spark's thrift server gave (see `tests/oracle.py`).
//!
//! `differences.txt` beside them lists the statements that are known to differ, each under its reason. A statement
//! that is listed and comes right fails the test too, so that the list shrinks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::place::Place;
use crate::wire::Client;

/// One statement of a file.
struct Case {
    error: Option<String>,
    statement: String,
    answer: Option<Vec<String>>,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut lines = text.lines().peekable();
    let mut error = None;
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix("-- ") {
            if let Some(word) = comment.strip_prefix("error: ") {
                error = Some(word.to_owned());
            }
            continue;
        }
        let mut statement = line.to_owned();
        while !statement.trim_end().ends_with(';') {
            let Some(more) = lines.next() else { break };
            statement.push('\n');
            statement.push_str(more);
        }
        let answer = lines.next_if(|l| *l == "----").map(|_| {
            let mut rows = Vec::new();
            while let Some(row) = lines.next_if(|l| !l.is_empty()) {
                rows.push(row.to_owned());
            }
            rows
        });
        cases.push(Case { error: error.take(), statement, answer });
    }
    cases
}

/// Texts are equal, or both are numbers that are equal but for the last bits.
fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('\t').collect(), b.split('\t').collect());
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| {
            let near = |x: f64, y: f64| (x - y).abs() <= 1e-12 * x.abs().max(y.abs());
            a == b || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(x), Ok(y)) if near(x, y) && a.contains('.'))
        })
}

async fn judge(client: &mut Client, case: &Case) -> Result<(), String> {
    let told = client.rows(case.statement.trim_end()).await;
    match (&case.error, told) {
        (Some(word), Err(error)) if error.to_lowercase().contains(&word.to_lowercase()) => Ok(()),
        (Some(word), other) => Err(format!("should fail with {word:?}, got {other:?}")),
        (None, Err(error)) => Err(format!("fails: {error}")),
        (None, Ok(got)) => {
            let wanted = case.answer.clone().unwrap_or_default();
            if got.len() == wanted.len() && got.iter().zip(&wanted).all(|(a, b)| same(a, b)) {
                return Ok(());
            }
            Err(format!("answers\n    {}\n  instead of\n    {}", got.join("\n    "), wanted.join("\n    ")))
        }
    }
}

/// A statement on one line, so that it can be looked for.
fn flat(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The statements that answer otherwise than Spark, by file, with the reason of each.
fn known_differences(text: &str) -> BTreeMap<(String, String), String> {
    let mut known = BTreeMap::new();
    let mut reason = String::new();
    for line in text.lines() {
        if let Some(why) = line.strip_prefix("# ") {
            reason = why.to_owned();
        } else if let Some((file, statement)) = line.split_once(": ") {
            assert!(!reason.is_empty(), "a known difference without a reason: {line}");
            known.insert((file.to_owned(), flat(statement)), reason.clone());
        }
    }
    known
}

/// Runs a file; the statements that differ, and how.
async fn run(file: PathBuf) -> (usize, BTreeMap<String, String>) {
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut client = Client::open(at, &place.admin).await;
    let cases = cases(&std::fs::read_to_string(&file).expect("a golden file"));
    let mut wrong = BTreeMap::new();
    for case in &cases {
        if let Err(why) = judge(&mut client, case).await {
            wrong.insert(flat(&case.statement), why);
        }
    }
    (cases.len(), wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_spark() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let only = std::env::var("DOORSTEP_TEST_GOLDEN").ok();
    let looked_at = |name: &str| only.as_ref().is_none_or(|only| name.starts_with(only.as_str()));
    let listed = std::fs::read_to_string(folder.join("differences.txt")).expect("the known differences");
    let mut known = known_differences(&listed);
    known.retain(|(file, _), _| looked_at(file));
    let mut runs = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the golden files").flatten() {
        let file = entry.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if file.extension().is_some_and(|e| e == "hql") && looked_at(&name) {
            runs.push((name, tokio::spawn(run(file))));
        }
    }
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, run) in runs {
        let (statements, differ) = run.await.expect("a file runs to its end");
        count += statements;
        for (statement, why) in differ {
            if known.remove(&(name.clone(), statement.clone())).is_none() {
                wrong.push(format!("{name}: {statement}\n  {why}"));
            }
        }
    }
    for ((name, statement), _) in known {
        wrong.push(format!("{name}: {statement}\n  is right now, or gone: take it out of differences.txt"));
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {count} statements:\n{}", wrong.len(), wrong.join("\n"));
    assert!(only.is_some() || count >= 300, "the suite has {count} statements");
}
