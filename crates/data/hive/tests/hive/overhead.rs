//! What HiveServer2 costs on top of plain execution. A measurement, not a judgement, so it runs only when asked:
//!
//! ```sh
//! cargo test --profile profiling -p doorstep-lake -p doorstep-hive --test hive -- --ignored --nocapture overhead
//! ```

use std::time::Duration;

use doorstep_clock::monotonic;
use doorstep_lake::{Engine as _, Limits, Session, Statement};
use futures::StreamExt as _;

use crate::place::Place;
use crate::wire::Client;

/// Rows of the table; `DOORSTEP_TEST_ROWS` says otherwise.
const ROWS: usize = 1_000_000;
const RUNS: usize = 7;

const CASES: &[(&str, &str)] = &[
    ("numbers", "select id, id * 2 as twice, price from big"),
    ("texts", "select who, note from big"),
    ("days, times, decimals", "select day, at, paid from big"),
    ("everything", "select * from big"),
    ("an aggregate", "select day, count(*), sum(paid), max(who) from big group by day"),
];

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; see the head of the file"]
async fn overhead() {
    let rows = std::env::var("DOORSTEP_TEST_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROWS);
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut client = Client::open(at, &place.admin).await;
    let make = format!(
        "create table big as select n as id, concat('customer ', n % 1000) as who, concat('a note about ', n) as note, \
         n * 0.37D as price, cast(n * 0.01 as decimal(12,2)) as paid, date_add('2026-01-01', cast(n % 365 as int)) as day, \
         cast(1767225600 + n as timestamp) as at from (select explode(sequence(1, {rows})) as n) s"
    );
    client.execute(&make).await.unwrap();
    let principal = place.keys.authenticate(place.admin.access.as_str(), &place.admin.secret).await.unwrap();
    let session = Session::new(principal);
    eprintln!("{rows} rows, medians of {RUNS} runs, 10000 rows a fetch");
    for (name, text) in CASES {
        let (mut plain, mut over) = (Vec::new(), Vec::new());
        let mut sent = 0;
        for _ in 0..RUNS {
            let from = monotonic();
            let statement = Statement::Sql((*text).to_owned());
            let mut running = place.engine.execute(&session, statement, Limits::default()).await.unwrap();
            let mut seen = 0;
            while let Some(batch) = running.rows.next().await {
                seen += batch.unwrap().num_rows();
            }
            plain.push(from.elapsed());
            let from = monotonic();
            let (fetched, bytes) = client.drain(text, 10_000).await;
            over.push(from.elapsed());
            assert_eq!(fetched, seen, "{name}");
            sent = bytes;
        }
        let (plain, over) = (median(plain), median(over));
        let more = (over.as_secs_f64() / plain.as_secs_f64() - 1.0) * 100.0;
        eprintln!("{name}: plain {plain:.1?}, over HiveServer2 {over:.1?} ({more:+.0} %), {} KiB", sent >> 10);
    }
}
