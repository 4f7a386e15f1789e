//! `doorstep city replay`: a recorded period through the live engine.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use doorstep_city::replay::{Policy, Replay, Run, Summary, read_cars, read_requests, sample_fleet, write_trace};
use doorstep_clock::Timestamp;
use doorstep_dispatch::matching::SoloPolicy;
use doorstep_dispatch::sharing::SharedPolicy;
use doorstep_pooling::fleet::PooledPolicy;
use doorstep_roads::CityFile;
use indicatif::{ProgressBar, ProgressStyle};

use super::super::output::{Output, note};
use super::super::time::duration;
use super::tables::recorded;

const EXAMPLE: &str = "\
Example:
  doorstep city replay --city my-city --requests requests.csv.gz --taxis taxis.csv.gz --fleet 3000 \\
      --seats 1 --policy solo --batch 30s --max-wait 300s --seed 1 --trace trace.ndjson.gz --json
  doorstep city replay --city my-city --fleet 2000 --seats 4 --policy pooled --batch 10s --max-delay 600s

Half of many recordings is in whole minutes: such requests are spread inside their minute with the seed
(--no-spread leaves them). The fleet is a seeded sample of the taxi file; all cars are idle at the start.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PolicyName {
    /// Shared rides: several riders in a car, with every promise kept; idle cars are spread
    Pooled,
    /// One rider at a time; promised cars may change before the pickup, idle cars are spread
    Solo,
    /// The same assignment without changes, chaining and spreading: a yardstick
    Plain,
    /// First come, first served, nearest car: a yardstick
    Greedy,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Directory made by `doorstep city import`
    #[arg(long, value_name = "DIR")]
    city: PathBuf,
    /// Recorded requests; may come several times [default: those imported with the city]
    #[arg(long, value_name = "FILE")]
    requests: Vec<PathBuf>,
    /// Where the taxis stand [default: those imported with the city]
    #[arg(long, value_name = "FILE")]
    taxis: Option<PathBuf>,
    /// Cars, drawn from the taxi file
    #[arg(long, value_name = "CARS")]
    fleet: usize,
    /// Seats of each car
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    seats: u8,
    /// How cars and riders are matched
    #[arg(long, value_enum, default_value_t = PolicyName::Solo)]
    policy: PolicyName,
    /// Time between two decisions
    #[arg(long, default_value = "30s", value_parser = duration, value_name = "TIME")]
    batch: Duration,
    /// A request is lost after this wait
    #[arg(long, default_value = "300s", value_parser = duration, value_name = "TIME")]
    max_wait: Duration,
    /// Shared rides: how much later than a direct trip from the request a rider may arrive
    #[arg(long, default_value = "600s", value_parser = duration, value_name = "TIME")]
    max_delay: Duration,
    /// Time a rider needs to board
    #[arg(long, default_value = "0s", value_parser = duration, value_name = "TIME")]
    boarding: Duration,
    /// Seed of the fleet's sample and of the spreading inside minutes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Shared rides: how much is given up so that long trips are not refused more often, from 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    fairness: f64,
    /// Shared rides: part of the time to each stop kept in reserve for roads slower than planned, like 0.2
    #[arg(long, alias = "slack", default_value_t = 0.0, value_name = "SHARE")]
    reserve: f64,
    /// Shared rides: roads are slower or quicker than planned by up to this share, at random, like 0.2
    #[arg(long, alias = "travel-noise", default_value_t = 0.0, value_name = "SHARE")]
    noise: f64,
    /// When the period starts, like 2013-11-18T16:00:00 [default: the full hour before the first request]
    #[arg(long, value_parser = moment, value_name = "TIME")]
    start: Option<Timestamp>,
    /// Leave requests of whole minutes at the full minute
    #[arg(long)]
    no_spread: bool,
    /// Write what happened as NDJSON (gzip when the name ends in .gz)
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let started = doorstep_clock::monotonic();
    let city = CityFile::load(&args.city)?;
    ensure!((0.0..=1.0).contains(&args.fairness), "--fairness {} is out of range: give from 0 to 1", args.fairness);
    ensure!((0.0..=1.0).contains(&args.reserve), "--reserve {} is out of range: give from 0 to 1", args.reserve);
    let mut shared = SharedPolicy::default();
    shared.plan = PooledPolicy { reserve: args.reserve, seed: args.seed, ..shared.plan }.fair(args.fairness);
    let solo = match args.policy {
        PolicyName::Solo | PolicyName::Pooled => SoloPolicy::default(),
        PolicyName::Plain => SoloPolicy::plain(),
        PolicyName::Greedy => SoloPolicy::greedy(),
    };
    let policy = match args.policy {
        PolicyName::Pooled => Policy::Pooled(&shared),
        _ => Policy::Solo(&solo),
    };
    let replay = Replay::new(city);
    let (requests, taxis) = recorded(&args.city, &args.requests, args.taxis.as_ref())?;

    let spread = (!args.no_spread).then_some(args.seed);
    let period = read_requests(&requests, replay.corners(), args.start, spread)?;
    let drawn = sample_fleet(read_cars(&taxis, replay.corners())?, args.fleet, args.seed)?;
    let (fleet, cars): (Vec<_>, Vec<_>) = drawn.into_iter().unzip();
    let run = Run {
        requests: &period.requests,
        fleet: &fleet,
        cars: &cars,
        seats: args.seats,
        batch_ms: millis(args.batch)?,
        windows: &[],
        max_wait_ms: millis(args.max_wait)?,
        boarding_ms: millis(args.boarding)?,
        max_delay_ms: millis(args.max_delay)?,
        noise: args.noise,
        noise_seed: args.seed,
        policy,
    };
    let last_s = period.requests.last().map_or(0, |r| r.at_ms / 1000).unsigned_abs();
    // Hidden by itself where standard error is no terminal.
    let bar =
        ProgressBar::new(last_s).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} s of the period")?);
    let running = doorstep_clock::monotonic();
    let outcome = replay.run(&run, |at_ms| bar.set_position((at_ms / 1000).unsigned_abs().min(last_s)))?;
    let replay_s = running.elapsed().as_secs_f64();
    bar.finish_and_clear();
    if let Some(path) = &args.trace {
        write_trace(path, &outcome, args.seats, replay.graph())?;
    }
    let summary = Summary {
        wall_s: started.elapsed().as_secs_f64(),
        replay_s,
        fleet: args.fleet,
        seed: args.seed,
        left_out: period.left_out,
        ..Summary::of(&period.requests, &outcome, replay.times())
    };
    if !args.output.json {
        note(&period.left_out.to_string());
    }
    args.output.print(&summary, || table(&summary))
}

fn table(s: &Summary) -> String {
    let rows = [
        ("served", format!("{} of {} ({:.2} %)", s.served, s.requests, 100.0 * s.served_share)),
        (
            "wait",
            format!("mean {:.1} s, 95 % within {:.1} s, longest {:.1} s", s.mean_wait_s, s.p95_wait_s, s.max_wait_s),
        ),
        ("delay", format!("mean {:.1} s, longest {:.1} s", s.mean_delay_s, s.max_delay_s)),
        ("first answer", format!("after {:.1} s in the mean", s.mean_answer_s)),
        ("promises broken", format!("{} picked up too late, {} set down too late", s.late_pickups, s.late_dropoffs)),
        ("driving", format!("{:.3} of the riders' direct trips", s.drive_over_solo)),
        (
            "empty driving",
            format!("{:.1} s a rider, the last {:.1} s of it to the pickup", s.empty_drive_s, s.pickup_drive_s),
        ),
        ("lost trips", format!("{:.2} times as long as those served", s.direct_lost_over_served)),
        (
            "decisions",
            format!("{}, {:.1} ms in the median, 99 % within {:.1} ms", s.batches, s.batch_ms_p50, s.batch_ms_p99),
        ),
        ("wall time", format!("{:.2} s, {:.2} s of it the replay", s.wall_s, s.replay_s)),
    ];
    let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name:<14} {value}")).collect();
    lines.join("\n")
}

fn millis(time: Duration) -> anyhow::Result<i64> {
    i64::try_from(time.as_millis()).context("a time is too long")
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_local_as_utc(text).or_else(|_| Timestamp::parse(text)).map_err(|error| error.to_string())
}
