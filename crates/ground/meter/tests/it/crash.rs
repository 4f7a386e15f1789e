//! Killed at any moment, the meter has what it acknowledged, and has it once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::{Clock as _, SystemClock};
use doorstep_journal::{Journal, Options};
use doorstep_meter::{MIGRATIONS, Meter, Month, RecordsQuery, Resource, Usage, ledger};
use doorstep_store::Store;

/// Set in the child: the round and the folder.
const CHILD: &str = "DOORSTEP_METER_CRASH_CHILD";
const ROUNDS: u64 = 10;

async fn open(dir: &Path) -> Meter {
    let store = Store::open(&format!("sqlite://{}/store.db", dir.display()), MIGRATIONS).unwrap();
    let options = Options { segment_bytes: 32 << 10, ..Options::default() };
    let journal = Journal::open(&dir.join("journal"), options, Arc::new(SystemClock)).unwrap();
    Meter::open(store, journal, Arc::new(SystemClock), "crash").await.unwrap()
}

/// Not a test of its own: the process that gets killed.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let (round, dir) = task.split_once(' ').unwrap();
    let (round, dir) = (round.to_owned(), dir.to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async move {
        let meter = open(Path::new(&dir)).await;
        let producers = (0..4).map(|producer| {
            let (meter, round) = (meter.clone(), round.clone());
            tokio::spawn(async move {
                for n in 0_u64.. {
                    let id = format!("q{round}-{producer}-{n}");
                    let usage =
                        Usage::new(&id, "main", SystemClock.now()).amount(Resource::QueryCpu, n + 1).about("crash");
                    meter.record(usage.clone()).await.unwrap();
                    // Nobody heard the answer: told again.
                    if n % 5 == 0 {
                        meter.record(usage).await.unwrap();
                    }
                    let line = format!("ack {id} {}\n", n + 1);
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        });
        let producers: Vec<_> = producers.collect();
        loop {
            meter.catch_up().await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
            if producers.iter().any(tokio::task::JoinHandle::is_finished) {
                return;
            }
        }
    });
}

#[test]
fn what_is_acknowledged_is_charged_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: BTreeMap<String, i64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture"])
            .env(CHILD, format!("{round} {}", dir.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            lines.filter_map(|line| line.split_once("ack ").map(|(_, rest)| rest.to_owned())).collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(90 + round * 23));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reader.join().unwrap() {
            let Some((id, quantity)) = line.split_once(' ') else { continue };
            // The last line may be torn.
            if let Ok(quantity) = quantity.parse() {
                acknowledged.insert(id.to_owned(), quantity);
            }
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let meter = open(dir.path()).await;
        meter.catch_up().await.unwrap();
        let (mut kept, mut sum) = (BTreeMap::new(), BTreeMap::<Month, (i64, i64, i64)>::new());
        for month in meter.ledger().months("main").await.unwrap() {
            let mut after = None;
            loop {
                let query = RecordsQuery { after, limit: 500, ..RecordsQuery::default() };
                let page = meter.ledger().records("main", month, &query).await.unwrap();
                for record in &page {
                    assert!(kept.insert(record.id.clone(), record.quantity).is_none(), "{} stands twice", record.id);
                    let of = sum.entry(month).or_default();
                    *of = (of.0 + record.quantity, of.1 + 1, of.2 + record.amount.nanos);
                }
                after = page.last().map(ledger::cursor);
                if page.is_empty() {
                    break;
                }
            }
            let bill = meter.ledger().bill("main", month).await.unwrap();
            let line = &bill.lines[0];
            assert_eq!((line.quantity, line.records, line.amount.nanos), sum[&month]);
        }
        assert!(acknowledged.len() > 50, "only {} records were acknowledged", acknowledged.len());
        for (id, quantity) in &acknowledged {
            assert_eq!(kept.get(id), Some(quantity), "{id} was acknowledged and is not charged");
        }
    });
}
