//! Numbers, order, dedupe, wake-ups, positions, retention.

use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::{ManualClock, SharedClock};
use doorstep_journal::{Journal, JournalError, Options};
use tempfile::tempdir;

use super::{T0, clock, keys, open, record};

#[tokio::test]
async fn records_are_numbered_from_one_and_read_back() {
    let dir = tempdir().unwrap();
    let journal = open(dir.path());
    assert_eq!((journal.last("a"), journal.first("a")), (0, 1));
    assert_eq!(journal.append("a", vec![record("x", None), record("y", None)]).await.unwrap(), [1, 2]);
    assert_eq!(journal.append("b", vec![record("z", None)]).await.unwrap(), [1]);
    assert_eq!(journal.append("a", vec![]).await.unwrap(), [0_u64; 0]);
    let got = journal.read("a", 0, 10).unwrap();
    assert_eq!((got[0].seq, got[0].kind.as_str(), got[0].at), (1, "test.happened", T0));
    assert_eq!(&got[1].payload[..], b"{\"about\":\"y\"}");
    assert_eq!(keys(&journal, "a", 1, 10), ["y"]);
    assert_eq!(keys(&journal, "a", 0, 1), ["x"]);
    assert!(keys(&journal, "a", 2, 10).is_empty() && keys(&journal, "a", u64::MAX, 10).is_empty());
    assert!(keys(&journal, "nobody", 0, 10).is_empty());
    assert_eq!(journal.streams(), ["a", "b"]);
    drop(journal);
    let journal = open(dir.path());
    assert_eq!((journal.first("a"), journal.last("a")), (1, 2));
    assert_eq!(journal.append("a", vec![record("w", None)]).await.unwrap(), [3]);
    assert_eq!(keys(&journal, "a", 0, 10), ["x", "y", "w"]);
}

#[tokio::test]
async fn bad_names_and_sizes_are_refused() {
    let dir = tempdir().unwrap();
    let journal = open(dir.path());
    let error = journal.append("../a", vec![record("x", None)]).await.unwrap_err();
    assert!(matches!(error, JournalError::Name { what: "stream", .. }));
    assert!(matches!(journal.consumer("a", "").unwrap_err(), JournalError::Name { what: "consumer", .. }));
    let mut big = record("x", None);
    big.payload = vec![0; (16 << 20) + 1].into();
    assert!(matches!(
        journal.append("a", vec![big]).await.unwrap_err(),
        JournalError::TooLarge { field: "payload", .. }
    ));
    let mut long = record("x", None);
    long.kind = "k".repeat(70_000);
    assert!(matches!(journal.append("a", vec![long]).await.unwrap_err(), JournalError::TooLarge { field: "kind", .. }));
    let options = Options { segment_bytes: 1, ..Options::default() };
    assert!(matches!(Journal::open(&dir.path().join("x"), options, clock()).unwrap_err(), JournalError::Option { .. }));
}

#[tokio::test]
async fn a_dedupe_id_is_taken_once_even_out_of_order_and_after_a_restart() {
    let dir = tempdir().unwrap();
    let journal = open(dir.path());
    let twice = vec![record("5", Some(5)), record("6", Some(6)), record("5 again", Some(5))];
    assert_eq!(journal.append("a", twice).await.unwrap(), [1, 2, 1]);
    // A lower id that shows up late is new, not old.
    assert_eq!(journal.append("a", vec![record("4", Some(4)), record("6 again", Some(6))]).await.unwrap(), [3, 2]);
    assert_eq!(journal.append("b", vec![record("5", Some(5))]).await.unwrap(), [1]);
    drop(journal);
    let journal = open(dir.path());
    assert_eq!(journal.append("a", vec![record("4 again", Some(4)), record("7", Some(7))]).await.unwrap(), [3, 4]);
    assert_eq!(keys(&journal, "a", 0, 10), ["5", "6", "4", "7"]);
}

#[tokio::test]
async fn dedupe_ids_are_found_again_across_segments() {
    let dir = tempdir().unwrap();
    let options = Options { segment_bytes: 4096, dedupe_window: 300, ..Options::default() };
    let journal = Journal::open(dir.path(), options.clone(), clock()).unwrap();
    for n in 1..=400_u64 {
        journal.append("a", vec![record(&n.to_string(), Some(1000 - n))]).await.unwrap();
    }
    drop(journal);
    let journal = Journal::open(dir.path(), options, clock()).unwrap();
    let again = |n: u64| journal.append("a", vec![record("again", Some(1000 - n))]);
    assert_eq!(again(101).await.unwrap(), [101]);
    assert_eq!(again(400).await.unwrap(), [400]);
    // Outside the window an id counts as new: better twice than lost.
    assert_eq!(again(100).await.unwrap(), [401]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_share_syncs_and_keep_their_order() {
    let dir = tempdir().unwrap();
    let options = Options { segment_bytes: 16 << 10, ..Options::default() };
    let journal = Journal::open(dir.path(), options, clock()).unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..32 {
        let journal = journal.clone();
        writers.spawn(async move {
            let stream = if writer % 4 == 0 { "b" } else { "a" };
            let mut before = 0;
            for n in 0..50 {
                let seqs = journal.append(stream, vec![record(&format!("{writer}/{n}"), None); 2]).await.unwrap();
                assert_eq!(seqs[1], seqs[0] + 1);
                assert!(seqs[0] > before);
                before = seqs[1];
                // Acknowledged means readable at once.
                assert_eq!(keys(&journal, stream, seqs[0] - 1, 1), [format!("{writer}/{n}")]);
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    assert_eq!((journal.last("a"), journal.last("b")), (2400, 800));
    let all = journal.read("a", 0, usize::MAX).unwrap();
    assert!(all.iter().zip(1..).all(|(r, seq)| r.seq == seq) && all.len() == 2400);
    assert_eq!(journal.read("a", 1234, 3).unwrap().iter().map(|r| r.seq).collect::<Vec<_>>(), [1235, 1236, 1237]);
}

#[tokio::test]
async fn subscribers_are_woken_when_records_are_there() {
    let dir = tempdir().unwrap();
    let journal = open(dir.path());
    let mut news = journal.subscribe("a").unwrap();
    assert_eq!(*news.borrow_and_update(), 0);
    let reader = tokio::spawn({
        let journal = journal.clone();
        async move {
            news.changed().await.unwrap();
            let last = *news.borrow_and_update();
            (last, keys(&journal, "a", 0, 10))
        }
    });
    journal.append("a", vec![record("x", None), record("y", None)]).await.unwrap();
    assert_eq!(reader.await.unwrap(), (2, vec!["x".to_owned(), "y".to_owned()]));
}

#[tokio::test]
async fn positions_survive_and_stay_inside_the_stream() {
    let dir = tempdir().unwrap();
    let journal = open(dir.path());
    let consumer = journal.consumer("a", "webhooks.v1").unwrap();
    assert_eq!(consumer.position(), 0);
    let beyond = consumer.commit(1).await.unwrap_err();
    assert!(matches!(beyond, JournalError::Position { seq: 1, last: 0, .. }));
    journal.append("a", vec![record("x", None); 5]).await.unwrap();
    consumer.commit(4).await.unwrap();
    consumer.commit(2).await.unwrap();
    assert_eq!((consumer.position(), journal.consumer("a", "webhooks.v1").unwrap().position()), (4, 4));
    drop((consumer, journal));
    let journal = open(dir.path());
    let consumer = journal.consumer("a", "webhooks.v1").unwrap();
    assert_eq!(consumer.position(), 4);
    consumer.rewind_blocking(1).unwrap();
    assert_eq!(consumer.position(), 1);
    consumer.remove().unwrap();
    assert_eq!(journal.consumer("a", "webhooks.v1").unwrap().position(), 0);
}

async fn fill(journal: &Journal, records: u32) {
    for n in 0..records {
        journal
            .append("a", vec![record(&"k".repeat(400), Some(u64::from(n) + journal.last("a") * 1000))])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn old_segments_go_by_size_but_wait_for_consumers() {
    let dir = tempdir().unwrap();
    let options = Options { segment_bytes: 4096, retention_bytes: Some(8192), ..Options::default() };
    let journal = Journal::open(dir.path(), options.clone(), clock()).unwrap();
    let consumer = journal.consumer("a", "slow").unwrap();
    fill(&journal, 100).await;
    assert_eq!((journal.first("a"), journal.last("a")), (1, 100));
    consumer.commit(60).await.unwrap();
    journal.trim().unwrap();
    let first = journal.first("a");
    assert!((40..=61).contains(&first), "{first}");
    consumer.remove().unwrap();
    journal.trim().unwrap();
    let first = journal.first("a");
    assert!(first > 75, "{first}");
    // A reader left behind starts with what there is.
    assert_eq!(journal.read("a", 3, 1).unwrap()[0].seq, first);
    drop(journal);
    let journal = Journal::open(dir.path(), options, clock()).unwrap();
    assert_eq!((journal.first("a"), journal.last("a")), (first, 100));
    assert_eq!(journal.read("a", 0, 1000).unwrap().len() as u64, 101 - first);
}

#[tokio::test]
async fn old_segments_go_by_age() {
    let dir = tempdir().unwrap();
    let time = ManualClock::new(T0);
    let shared: SharedClock = Arc::new(time.clone());
    let options = Options { segment_bytes: 4096, retention_age: Some(Duration::from_secs(3600)), ..Options::default() };
    let journal = Journal::open(dir.path(), options, shared).unwrap();
    fill(&journal, 30).await;
    time.advance(Duration::from_secs(3600));
    fill(&journal, 10).await;
    journal.trim().unwrap();
    assert_eq!(journal.first("a"), 1);
    time.advance(Duration::from_secs(1));
    journal.trim().unwrap();
    let first = journal.first("a");
    assert!(first > 20 && first <= 31, "{first}");
    // A quiet stream's last segment is closed by age as well, with the next record.
    time.advance(Duration::from_secs(3700));
    fill(&journal, 1).await;
    time.advance(Duration::from_secs(3601));
    fill(&journal, 1).await;
    assert_eq!((journal.first("a"), journal.last("a")), (41, 42));
}
