//! `doorstep city backtest`: a recorded period under two policies, side by side.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use doorstep_city::backtest::{Assumptions, Record, Report, Trial, TrialPolicy};
use doorstep_city::replay::Replay;
use doorstep_clock::Timestamp;
use doorstep_roads::CityFile;
use indicatif::{ProgressBar, ProgressStyle};

use super::super::output::{Output, note};
use super::record::{Of, Period};
use super::tables::recorded;

const EXAMPLE: &str = "\
Examples:
  doorstep city backtest --city my-city --a solo.toml --b pooled.toml --fleet 2000 --seeds 10 --html report.html
  doorstep city backtest --city my-city --a now.toml --b new.toml --recorded --data data \\
      --from 2026-03-01T17:00:00Z --to 2026-03-01T19:00:00Z          yesterday's rush hour of the live city

A policy is a TOML file; what it leaves out is as usual. Every mistake in it is told at once:

  name = \"shared\"
  seats = 4
  batch_s = 10
  max_wait_s = 300
  max_delay_s = 600
  [dispatch]
  kind = \"pooled\"        # solo, plain, greedy or pooled, and that kind's own settings
  [fare]                 # a tariff
  name = \"standard\"
  currency = \"USD\"
  base = 250             # cents
  per_km = 155
  per_minute = 20
  commission_permille = 200
  [surge]
  on = true

Both policies replay the same requests with the same fleets, one for each seed; differences come with 95 %
confidence intervals of the pairs. With --recorded they replay the orders and the drivers' shifts that the live
city wrote into its store, which may go on running meanwhile; `doorstep city record` writes them into tables.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Directory made by `doorstep city import`
    #[arg(long, value_name = "DIR")]
    city: PathBuf,
    /// The policy to measure by
    #[arg(long, value_name = "FILE")]
    a: PathBuf,
    /// The policy to try
    #[arg(long, value_name = "FILE")]
    b: PathBuf,
    /// Try a period that the live city recorded, instead of tables
    #[arg(long, requires_all = ["from", "to"], conflicts_with_all = ["requests", "taxis", "start"])]
    recorded: bool,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    of: Of,
    /// Recorded requests; may come several times [default: those imported with the city]
    #[arg(long, value_name = "FILE")]
    requests: Vec<PathBuf>,
    /// Where the taxis stand [default: those imported with the city]
    #[arg(long, value_name = "FILE")]
    taxis: Option<PathBuf>,
    /// Cars, drawn from the recorded ones anew for each seed [default with --recorded: all]
    #[arg(long, value_name = "CARS", required_unless_present = "recorded")]
    fleet: Option<usize>,
    /// How many paired seeds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=1000))]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// When the period starts, like 2013-11-18T16:00:00 [default: the full hour before the first request]
    #[arg(long, value_parser = moment, value_name = "TIME")]
    start: Option<Timestamp>,
    /// What an hour of delay costs a rider
    #[arg(long, default_value_t = Assumptions::default().value_of_time, value_parser = amount)]
    value_of_time: f64,
    /// By how much demand falls with the price
    #[arg(long, default_value_t = Assumptions::default().elasticity, value_parser = amount)]
    elasticity: f64,
    /// No ride is worth more than this many usual fares of policy a
    #[arg(long, default_value_t = Assumptions::default().most_worth, value_parser = amount)]
    most_worth: f64,
    /// What an hour of driving costs a driver
    #[arg(long, default_value_t = Assumptions::default().driving_cost, value_parser = amount)]
    driving_cost: f64,
    /// What an hour is worth to a driver elsewhere
    #[arg(long, default_value_t = Assumptions::default().reservation_wage, value_parser = amount)]
    reservation_wage: f64,
    /// Runs at the same time [default: one for each core]
    #[arg(long, value_name = "COUNT")]
    threads: Option<usize>,
    /// Write the report as one HTML page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    // Both policies first: their mistakes are told before anything takes time.
    let (a, b) = (policy(&args.a), policy(&args.b));
    let (a, b) = match (a, b) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(one), Err(other)) => anyhow::bail!("{one:#}\n{other:#}"),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => return Err(error),
    };
    let city = CityFile::load(&args.city)?;
    let (replay, record) = if args.recorded {
        let recording = args.of.read(&city.id, args.period.of()?)?;
        let replay = Replay::at(city, recording.from)?;
        let record = Record::of_live(&recording, replay.corners());
        note(&format!("{} orders, {} shifts of drivers", record.requests(), record.cars()));
        (replay, record)
    } else {
        let replay = Replay::new(city);
        let record = tables(args, &replay)?;
        (replay, record)
    };
    let seeds: Vec<u64> = (0..args.seeds).map(|i| args.seed.wrapping_add(i)).collect();
    let trial = Trial {
        replay: &replay,
        record: &record,
        fleet: args.fleet,
        seeds: &seeds,
        assumptions: Assumptions {
            value_of_time: args.value_of_time,
            elasticity: args.elasticity,
            most_worth: args.most_worth,
            driving_cost: args.driving_cost,
            reservation_wage: args.reservation_wage,
        },
        threads: args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
    };
    // Hidden by itself where standard error is no terminal.
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} % of {msg}, {elapsed} gone, {eta} to go")?;
    let bar = ProgressBar::new(1000).with_style(style).with_message(format!("{} runs", 2 * args.seeds));
    let heed = |share: f64| {
        bar.set_position((share * 1000.0) as u64);
        true
    };
    let report = trial.run([&a, &b], &heed)?.report;
    bar.finish_and_clear();
    if let Some(path) = &args.html {
        std::fs::write(path, report.html()).with_context(|| format!("cannot write {}", path.display()))?;
        note(&format!("the report is in {}", path.display()));
    }
    args.output.print(&report, || table(&report))
}

fn tables(args: &Args, replay: &Replay) -> anyhow::Result<Record> {
    let (requests, taxis) = recorded(&args.city, &args.requests, args.taxis.as_ref())?;
    Ok(Record::of_files(&requests, &taxis, replay.corners(), args.start)?)
}

fn policy(path: &Path) -> anyhow::Result<TrialPolicy> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the policy {}", path.display()))?;
    let name = path.file_stem().map_or_else(|| "policy".to_owned(), |name| name.to_string_lossy().into_owned());
    TrialPolicy::from_toml(&text, &name).with_context(|| path.display().to_string())
}

fn table(report: &Report) -> String {
    let mut lines = vec![
        format!(
            "{} requests from {}, {} cars, {} paired seeds; money in {}",
            report.requests,
            report.start,
            report.fleet,
            report.seeds.len(),
            report.currency
        ),
        format!(
            "{:<36} {:>14} {:>14} {:>12}   95 % interval",
            "",
            short(&report.a.policy),
            short(&report.b.policy),
            "b - a"
        ),
    ];
    for m in &report.metrics {
        let (d, digits) = (&m.difference, m.digits);
        let word = match m.verdict() {
            Some(true) => "  better",
            Some(false) => "  worse",
            None => "",
        };
        let unit = if m.unit == "money" { "" } else { m.unit };
        lines.push(format!(
            "{:<36} {:>14.digits$} {:>14.digits$} {:>+12.digits$}   {:+.digits$} to {:+.digits$} {unit}{word}",
            m.label, m.a, m.b, d.mean, d.low, d.high
        ));
    }
    lines.join("\n")
}

fn short(name: &str) -> String {
    name.chars().take(14).collect()
}

fn amount(text: &str) -> Result<f64, String> {
    let amount = text.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0);
    amount.ok_or_else(|| format!("`{text}` is no amount: write a number that is not negative"))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_local_as_utc(text).or_else(|_| Timestamp::parse(text)).map_err(|error| error.to_string())
}
