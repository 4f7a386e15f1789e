//! `doorstep pool`: shared rides as a fixed problem, solved and checked.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::{Subcommand, ValueEnum};
use doorstep_pooling::check::{self, Plan, Report};
use doorstep_pooling::formats::{self, Companions, Format, Limits};
use doorstep_pooling::rules::Rules;
use doorstep_pooling::search::{Ended, Settings, Solution, solve};
use serde::Serialize;

use super::output::{Output, note};
use super::time::duration;

const EXAMPLE: &str = "\
Example:
  doorstep pool solve --format li-lim lr101.txt --time 5s --seed 1 --json > plan.json
  doorstep pool check --format li-lim --instance lr101.txt --solution plan.json

  doorstep pool check --format darp --instance a2-16.txt --rules rules.json --solution plan.json

Rules are what riders need and vehicles have beside seats, which the formats cannot say:
  {\"requests\": [{\"pickup\": 5, \"wheelchairs\": 1, \"luggage\": 2}, {\"pickup\": 7, \"women_only\": true}],
   \"vehicles\": [{\"fleet\": 0, \"count\": 3, \"wheelchairs\": 1, \"luggage\": 4, \"women_rides\": \"takes\"}]}
Riders also have child_seats, pet and no_pets, vehicles child_seats and pets; women_rides is none, takes or only.
Vehicles that are listed get fleet ids after the instance's own, in their order.

Files may be gzipped. For --format hga FILE holds the requests; drivers and roads are looked for beside it
(Manhattan.1a.reqs.gz → Manhattan.drv.gz, Manhattan.d.gz). There, the pickup of the i-th of n requests is stop
i and its delivery is stop n + i.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Solve an instance within a time that is kept
    Solve(SolveArgs),
    /// Judge a plan: does it serve everybody and keep every promise?
    Check(CheckArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// Li and Lim: pickup and delivery with time windows, vehicles first
    LiLim,
    /// Cordeau: dial-a-ride with longest rides and shifts, least cost
    Darp,
    /// Sartori and Buriol: real streets, vehicles first
    Sartori,
    /// The 2-HGA paper's Manhattan requests, least metres
    Hga,
}

#[derive(Debug, clap::Args)]
struct Source {
    /// Whose file format it is
    #[arg(long, value_enum)]
    format: FormatName,
    /// hga: the drivers' starts [default: beside the requests]
    #[arg(long, value_name = "FILE")]
    drivers: Option<PathBuf>,
    /// hga: the roads' lengths [default: beside the requests]
    #[arg(long, value_name = "FILE")]
    roads: Option<PathBuf>,
    /// hga: take the first so many requests
    #[arg(long, default_value_t = 10_000, value_name = "COUNT")]
    take: usize,
    /// hga: take the first so many drivers
    #[arg(long, default_value_t = 200, value_name = "COUNT")]
    take_drivers: usize,
    /// hga: requests aboard at once
    #[arg(long, default_value_t = 8, value_name = "COUNT")]
    capacity: u32,
    /// What riders need and vehicles have beside seats, as JSON
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
struct SolveArgs {
    #[command(flatten)]
    source: Source,
    /// The instance
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The plan is there after this time at the latest, reading included
    #[arg(long, default_value = "10s", value_parser = duration, value_name = "TIME")]
    time: Duration,
    /// Stop after so many iterations of each thread; the same everywhere when the time does not end it first
    #[arg(long, value_name = "COUNT")]
    iterations: Option<u64>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
struct CheckArgs {
    #[command(flatten)]
    source: Source,
    /// The instance
    #[arg(long, value_name = "FILE")]
    instance: PathBuf,
    /// The plan, as `pool solve --json` prints it
    #[arg(long, value_name = "FILE")]
    solution: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Solve(args) => solve_one(&args),
        Command::Check(args) => check_one(&args),
    }
}

impl Source {
    fn read(&self, file: &std::path::Path) -> anyhow::Result<doorstep_pooling::instance::Instance> {
        let format = match self.format {
            FormatName::LiLim => Format::LiLim,
            FormatName::Darp => Format::Darp,
            FormatName::Sartori => Format::Sartori,
            FormatName::Hga => Format::Hga,
        };
        let limits = Limits { requests: self.take, drivers: self.take_drivers, capacity: self.capacity };
        let companions = Companions { drivers: self.drivers.clone(), roads: self.roads.clone(), limits };
        let instance = formats::read(format, file, &companions).with_context(|| file.display().to_string())?;
        let Some(path) = &self.rules else { return Ok(instance) };
        let rules = Rules::read(&formats::text(path)?).and_then(|rules| rules.apply(instance));
        rules.with_context(|| path.display().to_string())
    }
}

/// A solution with the time that it took.
#[derive(Debug, Serialize)]
struct Solved {
    wall_s: f64,
    #[serde(flatten)]
    solution: Solution,
}

fn solve_one(args: &SolveArgs) -> anyhow::Result<()> {
    let started = doorstep_clock::monotonic();
    let instance = args.source.read(&args.file)?;
    let left = args.time.saturating_sub(started.elapsed());
    ensure!(!left.is_zero(), "reading the instance took the whole --time: give more");
    let settings = Settings {
        time: Some(left),
        iterations: args.iterations.unwrap_or(u64::MAX),
        seed: args.seed,
        threads: usize::from(args.threads),
    };
    let solution = solve(&instance, &settings, |news| {
        note(&format!(
            "{:>7.2} s  {:<10} {} vehicles, cost {:.2}, {} unserved",
            started.elapsed().as_secs_f64(),
            news.phase,
            news.vehicles,
            news.cost,
            news.unserved
        ));
    });
    if solution.ended == Ended::Time {
        note("the time is over: this is the best plan found until then");
    }
    if solution.unserved > 0 {
        note(&format!("{} requests have no place; their pickups are listed", solution.unserved));
    }
    let solved = Solved { wall_s: started.elapsed().as_secs_f64(), solution };
    args.output.print(&solved, || {
        let s = &solved.solution;
        let mut lines = vec![format!(
            "{} vehicles, cost {:.2}, {} unserved, {:.2} s",
            s.vehicles, s.cost, s.unserved, solved.wall_s
        )];
        for (r, route) in s.plan.routes.iter().enumerate() {
            let stops: Vec<String> = route.iter().map(u32::to_string).collect();
            let driver = s.plan.drivers.get(r).map_or(String::new(), |d| format!(" (driver {d})"));
            lines.push(format!("{}{driver}: {}", r + 1, stops.join(" ")));
        }
        lines.join("\n")
    })
}

fn check_one(args: &CheckArgs) -> anyhow::Result<()> {
    let instance = args.source.read(&args.instance)?;
    let text = formats::text(&args.solution)?;
    let plan: Plan = serde_json::from_str(&text)
        .with_context(|| format!("{} is no plan: it needs `routes`, lists of stop ids", args.solution.display()))?;
    let report: Report = check::judge(&instance, &plan);
    args.output.print(&report, || {
        let verdict = if report.ok { "keeps every promise" } else { "breaks promises" };
        let mut lines = vec![format!("{verdict}: {} vehicles, cost {:.2}", report.vehicles, report.cost)];
        lines.extend(report.problems.iter().cloned());
        lines.join("\n")
    })?;
    ensure!(report.ok, "the plan breaks promises");
    Ok(())
}
