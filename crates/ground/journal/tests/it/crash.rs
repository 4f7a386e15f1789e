//! Killed at any moment, the journal keeps what it acknowledged, in order and once.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use doorstep_journal::{Journal, JournalError, Options};
use tempfile::tempdir;

use super::{clock, record};

/// Set in the child: the round's number and the directory it writes to.
const CHILD: &str = "DOORSTEP_CRASH_CHILD";
const ROUNDS: u64 = 20;
const WRITERS: u64 = 8;

fn options() -> Options {
    // Small segments, so that kills also hit the change from one to the next.
    Options { segment_bytes: 32 << 10, ..Options::default() }
}

/// Not a test of its own: the process that gets killed.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let (round, dir) = task.split_once(' ').unwrap();
    let round: u64 = round.parse().unwrap();
    let journal = Journal::open(Path::new(dir), options(), clock()).unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let journal = journal.clone();
            std::thread::spawn(move || {
                let stream = format!("s{}", writer % 2);
                let consumer = journal.consumer(&stream, &format!("c{writer}")).unwrap();
                for n in 0.. {
                    let id = round * 1_000_000_000 + writer * 1_000_000 + n;
                    let mut batch =
                        vec![record(&format!("{id}-0"), Some(id * 2)), record(&format!("{id}-1"), Some(id * 2 + 1))];
                    let seqs = journal.append_blocking(&stream, batch.clone()).unwrap();
                    // A relay that did not hear the answer sends again.
                    batch.reverse();
                    assert_eq!(journal.append_blocking(&stream, batch).unwrap(), [seqs[1], seqs[0]]);
                    consumer.commit_blocking(seqs[1]).unwrap();
                    let line = format!("ack {stream} {} {id}-0 {} {id}-1 c{writer}\n", seqs[0], seqs[1]);
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn every_acknowledged_record_survives_sigkill() {
    let dir = tempdir().unwrap();
    let mut acknowledged: Vec<String> = Vec::new();
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
            BufReader::new(out)
                .lines()
                .map_while(Result::ok)
                // The harness writes its own words in front of the first one.
                .filter_map(|line| line.split_once("ack ").map(|(_, rest)| rest.to_owned()))
                .collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(20 + round * 17));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(reader.join().unwrap());
    }
    assert!(acknowledged.len() > 300, "the children hardly wrote: {}", acknowledged.len());

    let journal = Journal::open(dir.path(), options(), clock()).unwrap();
    let read = |stream: &str| journal.read(stream, 0, usize::MAX).unwrap();
    let held = [read("s0"), read("s1")];
    for records in &held {
        assert!(records.iter().zip(1..).all(|(r, seq)| r.seq == seq), "numbers have gaps");
        let distinct: HashSet<&str> = records.iter().map(|r| r.key.as_str()).collect();
        assert_eq!(distinct.len(), records.len(), "a record is there twice");
    }
    for line in &acknowledged {
        let words: Vec<&str> = line.split(' ').collect();
        let [stream, seq0, key0, seq1, key1, consumer] = words[..] else { panic!("{line}") };
        let records = if stream == "s0" { &held[0] } else { &held[1] };
        for (seq, key) in [(seq0, key0), (seq1, key1)] {
            let seq: usize = seq.parse().unwrap();
            assert_eq!(records.get(seq - 1).map(|r| r.key.as_str()), Some(key), "{line}");
        }
        let position = journal.consumer(stream, consumer).unwrap().position();
        assert!(position >= seq1.parse().unwrap(), "{consumer} fell back to {position}: {line}");
    }
}

#[test]
fn a_rival_process_is_refused_until_the_holder_is_killed() {
    let dir = tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(CHILD, format!("0 {}", dir.path().display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("ack ") {}
    let error = Journal::open(dir.path(), options(), clock()).unwrap_err();
    match &error {
        JournalError::Locked { holder, .. } => assert_eq!(*holder, format!("process {}", child.id())),
        other => panic!("{other}"),
    }
    child.kill().unwrap();
    child.wait().unwrap();
    Journal::open(dir.path(), options(), clock()).unwrap();
}
