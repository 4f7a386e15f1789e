//! HiveQL against the answers in `tests/golden`, which Spark's thrift server gave (see `tests/oracle.py`).

use std::path::Path;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_spark() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let only = std::env::var("DOORSTEP_TEST_GOLDEN").ok();
    let mut files: Vec<_> = std::fs::read_dir(&folder).expect("the golden files").flatten().map(|e| e.path()).collect();
    files.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| !name.starts_with(only.as_str())) {
            continue;
        }
        let place = Place::new().await;
        let (at, _stop) = place.serve().await;
        let mut client = Client::open(at, &place.admin).await;
        for case in cases(&std::fs::read_to_string(&file).expect("a golden file")) {
            count += 1;
            if let Err(why) = judge(&mut client, &case).await {
                wrong.push(format!("{name}: {}\n  {why}", case.statement));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} statements:\n{}", wrong.len(), wrong.join("\n"));
    assert!(only.is_some() || count >= 300, "the suite has {count} statements");
}
