//! Where things are: the binary, the demo's data, the shared data.

use std::path::{Path, PathBuf};

/// The project's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// The binary under test: `DOORSTEP_BIN`, or the one beside this test's own program.
///
/// # Panics
/// When there is none: build it with `cargo build -p doorstep`.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("DOORSTEP_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().expect("a program knows its own path");
    let path = own.ancestors().nth(2).map_or_else(PathBuf::new, |p| p.join("doorstep"));
    assert!(path.exists(), "{} is missing: `cargo build -p doorstep` makes it", path.display());
    path
}

/// A folder of the shared data (`DOORSTEP_SHARED`, or `../shared` beside the project), if it is there;
/// otherwise says in one line what is skipped.
#[must_use]
pub fn shared(folder: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("DOORSTEP_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = shared.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: the shared folder {folder} is not beside the project");
    None
}

/// A Python with numpy and scipy: the project's own `.venv`, or the machine's.
#[must_use]
pub fn python() -> Option<PathBuf> {
    let venv = root().join(".venv/bin/python");
    let candidates = [venv, PathBuf::from("python3")];
    let found = candidates.into_iter().find(|python| {
        let asked = std::process::Command::new(python).args(["-c", "import numpy, scipy"]).output();
        asked.is_ok_and(|o| o.status.success())
    });
    if found.is_none() {
        eprintln!("skipped: no Python with numpy and scipy for the independent checker");
    }
    found
}
