//! Some instances of each public benchmark are read, solved for a moment and judged, where the files are there.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::*;
use crate::check::judge;
use crate::formats::{self, Companions, Format, Limits};

/// Every n-th file of a folder, so that there are about four.
fn some_of(folder: &Path, ends: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.retain(|f| f.to_string_lossy().ends_with(ends));
    files.sort();
    let step = files.len().div_ceil(4).max(1);
    files.into_iter().step_by(step).collect()
}

#[test]
fn public_instances_are_solved_and_judged() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data");
    let folders = [
        (Format::LiLim, "pdptw_li_lim/pdp_100", ".txt"),
        (Format::LiLim, "pdptw_li_lim/pdp_400", ".txt"),
        (Format::Darp, "darp_cordeau", ".txt"),
        (Format::Sartori, "pdptw_sartori_buriol/n100", ".gz"),
        (Format::Hga, "manhattan_hga", "1a.reqs.gz"),
    ];
    let mut solved = 0;
    for (format, folder, ends) in folders {
        for file in some_of(&data.join(folder), ends) {
            let limits = Limits { requests: 200, drivers: 10, capacity: 8 };
            let companions = Companions { limits, ..Companions::default() };
            let instance = formats::read(format, &file, &companions).unwrap();
            let settings = Settings { time: None, iterations: 100, seed: 1, threads: 1 };
            let solution = solve(&instance, &settings, |_| {});
            let report = judge(&instance, &solution.plan);
            assert!(report.ok || solution.unserved > 0, "{}: {:?}", file.display(), report.problems);
            solved += 1;
        }
    }
    if solved == 0 {
        eprintln!("public benchmarks are not in {}: only made-up instances were judged", data.display());
    } else {
        eprintln!("{solved} public instances were solved and judged");
    }
}
