//! `doorstep city forecast`: demand by cell and half hour, judged on days that were not used for fitting.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use doorstep_geo::Resolution;
use doorstep_pricing::forecast::{Evaluation, ForecasterConfig, History, Information, Trips, evaluate};
use flate2::read::MultiGzDecoder;
use serde::Serialize;

use super::super::output::Output;

const EXAMPLE: &str = "\
Example:
  doorstep city forecast --fit fit.csv.gz --test test.csv.gz --json

Both tables need the columns pickup (local time), pu_lon and pu_lat; their days may be interleaved but not shared.
The days of the test table are forecast half hour by half hour from all that happened before in both tables; the
naive rules (the same half hour a week before; the mean of that half hour and weekday) know the same, and the
better one is the measure. A second row says how it is when only the fitting days before are known.
Cells are those with any pickup in the fitting table; half hours without a pickup count too.
The mean absolute error asks for the median of what may happen, so that is what `mae` judges; `mae_mean` is the
same for the expected number, which surge and dispatch use.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Trips to learn from, CSV or CSV in gzip
    #[arg(long, value_name = "FILE")]
    fit: PathBuf,
    /// Trips to be forecast, of other days
    #[arg(long, value_name = "FILE")]
    test: PathBuf,
    /// H3 resolution of the cells: 7 is about 2.4 km across, 8 about 0.9 km
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u8).range(4..=10))]
    resolution: u8,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Answer {
    #[serde(flatten)]
    live: Evaluation,
    fit_only: Evaluation,
    resolution: u8,
    fit_trips: usize,
    test_trips: usize,
    outside_cells: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (fit, test) = (read(&args.fit)?, read(&args.test)?);
    let resolution = Resolution::try_from(args.resolution).context("--resolution")?;
    let history = History::count(&fit, &test, resolution)?;
    let config = ForecasterConfig::default();
    let answer = Answer {
        live: evaluate(&history, &config, Information::UpToTheSlot),
        fit_only: evaluate(&history, &config, Information::FitDaysBefore),
        resolution: args.resolution,
        fit_trips: fit.len(),
        test_trips: test.len(),
        outside_cells: history.outside,
    };
    args.output.print(&answer, || table(&answer))
}

fn read(path: &Path) -> anyhow::Result<Trips> {
    let name = path.display().to_string();
    let file = BufReader::new(File::open(path).with_context(|| format!("cannot open {name}"))?);
    let zipped = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let bytes: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Trips::read(&name, bytes)?)
}

fn table(a: &Answer) -> String {
    let line = |name: &str, e: &Evaluation| {
        format!(
            "{name:<22} {:.4}  {:.4}  {:.3}  mean {:.4}, week before {:.4}, weekday mean {:.4}, nobody {:.4}",
            e.mae, e.mae_naive, e.ratio, e.mae_mean, e.mae_week_before, e.mae_weekday_mean, e.mae_zero
        )
    };
    [
        format!(
            "{} cells of resolution {}, {} half hours, {} trips",
            a.live.cells, a.resolution, a.live.slots, a.live.trips
        ),
        format!("{:<22} {:<7} {:<7} {:<6} others", "mean absolute error", "ours", "naive", "ratio"),
        line("up to the half hour", &a.live),
        line("fitting days before", &a.fit_only),
        format!("{} test trips lie in cells without any in the fitting table and are left out", a.outside_cells),
    ]
    .join("\n")
}
