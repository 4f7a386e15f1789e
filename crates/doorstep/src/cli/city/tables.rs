//! Which tables of a recorded period a command reads: those that it was given, else those that the city holds.

use std::path::{Path, PathBuf};

use anyhow::ensure;

use super::import::{TAXIS, TRIPS};

/// The tables of requests, at least one, and that of taxis.
pub(super) fn recorded(
    city: &Path,
    requests: &[PathBuf],
    taxis: Option<&PathBuf>,
) -> anyhow::Result<(Vec<PathBuf>, PathBuf)> {
    let requests = if requests.is_empty() {
        let stored = city.join(TRIPS);
        ensure!(stored.is_file(), "the city holds no trips: give --requests, or import it with --trips");
        vec![stored]
    } else {
        requests.to_vec()
    };
    let taxis = taxis.cloned().unwrap_or_else(|| city.join(TAXIS));
    ensure!(
        taxis.is_file(),
        "there is no taxi file {}: give --taxis, or import the city with --taxis",
        taxis.display()
    );
    Ok((requests, taxis))
}
