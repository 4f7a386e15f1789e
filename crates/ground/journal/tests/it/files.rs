//! What happens to the files: torn tails, damage, full disks, rivals.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use doorstep_journal::{Journal, JournalError, Options};
use proptest::prelude::*;
use tempfile::tempdir;

use super::{clock, keys, open, record};

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(dir.join("streams/a"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "seg"))
        .collect();
    all.sort();
    all
}

/// A journal of `groups` appends with `each` records, closed again.
fn written(dir: &Path, groups: u32, each: u32, segment_bytes: u64) {
    let journal = Journal::open(dir, Options { segment_bytes, ..Options::default() }, clock()).unwrap();
    for group in 0..groups {
        let records = (0..each).map(|n| record(&format!("{}", group * each + n + 1), None)).collect();
        journal.append_blocking("a", records).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever length the file has after a crash: whole records stay, appending goes on.
    #[test]
    fn any_torn_tail_is_cut(cut in any::<prop::sample::Index>()) {
        let dir = tempdir().unwrap();
        written(dir.path(), 3, 4, 1 << 20);
        let path = segments(dir.path()).pop().unwrap();
        let length = fs::metadata(&path).unwrap().len();
        let header = 28;
        let keep = header + cut.index((length - header) as usize + 1) as u64;
        File::options().write(true).open(&path).unwrap().set_len(keep).unwrap();
        let journal = open(dir.path());
        let kept = journal.last("a");
        prop_assert!(kept as f64 >= ((keep - header) as f64 / (length - header) as f64 * 12.0).floor() - 1.0);
        prop_assert_eq!(journal.append_blocking("a", vec![record("next", None)]).unwrap(), vec![kept + 1]);
        drop(journal);
        let journal = open(dir.path());
        let mut expected: Vec<String> = (1..=kept).map(|n| n.to_string()).collect();
        expected.push("next".to_owned());
        prop_assert_eq!(keys(&journal, "a", 0, 100), expected);
    }
}

#[test]
fn rubbish_after_the_end_is_cut() {
    let dir = tempdir().unwrap();
    written(dir.path(), 2, 2, 1 << 20);
    let path = segments(dir.path()).pop().unwrap();
    let length = fs::metadata(&path).unwrap().len();
    for rubbish in [&[0_u8; 5000][..], &[0xd0, 0x57, 1, 0, 255, 0, 0, 0], &[0xd0], b"text"] {
        File::options().write(true).open(&path).unwrap().write_all_at(rubbish, length).unwrap();
        assert_eq!(open(dir.path()).last("a"), 4);
        assert_eq!(fs::metadata(&path).unwrap().len(), length);
    }
}

#[test]
fn a_damaged_middle_of_the_newest_segment_stops_the_start() {
    let dir = tempdir().unwrap();
    written(dir.path(), 3, 1, 1 << 20);
    let path = segments(dir.path()).pop().unwrap();
    let frame = (fs::metadata(&path).unwrap().len() - 28) / 3;
    let before = fs::read(&path).unwrap();
    File::options().write(true).open(&path).unwrap().write_all_at(b"!", 28 + frame + 46).unwrap();
    let error = Journal::open(dir.path(), Options::default(), clock()).unwrap_err();
    match &error {
        JournalError::Damaged { file, offset, .. } => assert_eq!((file, *offset), (&path, 28 + frame)),
        other => panic!("{other}"),
    }
    assert!(error.to_string().contains(&format!("damaged at byte {}", 28 + frame)), "{error}");
    // Nothing was cut: putting the bytes back heals it.
    fs::write(&path, before).unwrap();
    assert_eq!(open(dir.path()).last("a"), 3);
}

#[test]
fn a_damaged_older_segment_is_named_when_read() {
    let dir = tempdir().unwrap();
    written(dir.path(), 200, 1, 4096);
    let paths = segments(dir.path());
    assert!(paths.len() >= 4);
    File::options().write(true).open(&paths[1]).unwrap().write_all_at(b"!", 28 + 46).unwrap();
    let options = Options { dedupe_window: 0, ..Options::default() };
    let journal = Journal::open(dir.path(), options, clock()).unwrap();
    let first_bad: u64 = paths[1].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    assert_eq!(journal.read("a", 0, first_bad as usize - 1).unwrap().len() as u64, first_bad - 1);
    let error = journal.read("a", 0, 1000).unwrap_err();
    assert!(matches!(&error, JournalError::Damaged { file, offset: 28, .. } if *file == paths[1]), "{error}");
    drop(journal);
    // Within reach of dedupe ids the start itself looks at it.
    let error = Journal::open(dir.path(), Options::default(), clock()).unwrap_err();
    assert!(matches!(&error, JournalError::Damaged { file, .. } if *file == paths[1]), "{error}");
}

#[test]
fn a_missing_segment_is_noticed() {
    let dir = tempdir().unwrap();
    written(dir.path(), 200, 1, 4096);
    let paths = segments(dir.path());
    fs::remove_file(&paths[1]).unwrap();
    let options = Options { dedupe_window: 0, ..Options::default() };
    let error = Journal::open(dir.path(), options, clock()).unwrap().read("a", 0, 1000).unwrap_err();
    assert!(matches!(&error, JournalError::Damaged { file, .. } if *file == paths[0]), "{error}");
}

#[test]
fn a_foreign_or_cut_header_is_named() {
    for content in [&b"hello"[..], &[7_u8; 100]] {
        let dir = tempdir().unwrap();
        written(dir.path(), 1, 1, 1 << 20);
        let path = segments(dir.path()).pop().unwrap();
        fs::write(&path, content).unwrap();
        let error = Journal::open(dir.path(), Options::default(), clock()).unwrap_err();
        assert!(matches!(&error, JournalError::Damaged { file, offset: 0, .. } if *file == path), "{error}");
    }
}

#[test]
fn drafts_left_by_a_crash_are_removed() {
    let dir = tempdir().unwrap();
    written(dir.path(), 1, 1, 1 << 20);
    open(dir.path()).consumer("a", "c").unwrap().commit_blocking(1).unwrap();
    let drafts = ["streams/a/00000000000000000002.seg.draft", "streams/a/consumers/c.pos.draft"];
    for draft in drafts {
        fs::write(dir.path().join(draft), "half").unwrap();
    }
    let journal = open(dir.path());
    assert_eq!(journal.consumer("a", "c").unwrap().position(), 1);
    assert!(drafts.iter().all(|d| !dir.path().join(d).exists()));
}

#[test]
fn a_second_handle_is_told_who_has_the_directory() {
    let dir = tempdir().unwrap();
    let journal = open(dir.path());
    let error = Journal::open(dir.path(), Options::default(), clock()).unwrap_err();
    match &error {
        JournalError::Locked { holder, .. } => assert_eq!(*holder, format!("process {}", std::process::id())),
        other => panic!("{other}"),
    }
    drop(journal);
    open(dir.path());
}

#[test]
fn a_consumer_beyond_a_lost_tail_is_set_back() {
    let dir = tempdir().unwrap();
    written(dir.path(), 4, 1, 1 << 20);
    open(dir.path()).consumer("a", "c").unwrap().commit_blocking(4).unwrap();
    let path = segments(dir.path()).pop().unwrap();
    let length = fs::metadata(&path).unwrap().len();
    File::options().write(true).open(&path).unwrap().set_len(length - 1).unwrap();
    assert_eq!(open(dir.path()).consumer("a", "c").unwrap().position(), 3);
}
