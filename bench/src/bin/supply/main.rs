//! Moving supply beside Redis GEO and PostGIS: position updates and nearest-8 queries per CPU second.
#![allow(clippy::print_stdout)] // a bench talks to whoever runs it

mod candidates;
mod measure;

use std::fmt::Write as _;

use anyhow::{Context, Result};
use clap::Parser;
use doorstep_bench::fleet::{Fleet, Spread};
use doorstep_bench::peers::{postgis::PostGis, redis::Redis};
use doorstep_bench::{cpu, machine, results};
use doorstep_clock::SeededRng;
use doorstep_geo::{Cell, Point, Resolution};

use candidates::{Database, InRedis, NEAREST, Ours};
use measure::{Amount, Cost, Work, agreement, measure, radius_for, together};

/// Measures moving supply beside Redis GEO and PostGIS.
#[derive(Parser)]
struct Arguments {
    /// Drivers on the map.
    #[arg(long, default_value_t = 100_000)]
    drivers: usize,
    /// Seed of positions and movement.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave PostGIS out.
    #[arg(long)]
    without_postgis: bool,
    /// Write the section into bench/RESULTS.md.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut report = String::new();
    writeln!(report, "## Moving supply: `bench/supply/run.sh`\n")?;
    writeln!(
        report,
        "{} drivers who report every 5 s, nearest {NEAREST} by great circle; operations per CPU second of the process \
         that does them. *Mixed* is ten updates to one query, counted together.\n",
        arguments.drivers
    )?;
    writeln!(report, "Machine: {}.", machine::describe())?;
    writeln!(
        report,
        "Peers: {}; {} with PostGIS, nothing durable.\n",
        machine::version("redis-server", &["--version"]),
        machine::version("psql", &["--version"])
    )?;
    for spread in [Spread::Manhattan, Spread::Uniform] {
        compare(&arguments, spread, &mut report)?;
    }
    h3(&arguments, &mut report)?;
    println!("{report}");
    if arguments.write {
        results::write_section(&results::path(), "supply", &report)?;
    }
    Ok(())
}

fn compare(arguments: &Arguments, spread: Spread, report: &mut String) -> Result<()> {
    eprintln!("{}: making {} drivers", spread.as_str(), arguments.drivers);
    let dir = tempfile::tempdir()?;
    let work = Work::new(Fleet::new(spread, arguments.drivers, arguments.seed), spread, arguments.seed);

    let before = cpu::resident_mb(std::process::id())?;
    let mut ours = Ours::new(&work.fleet)?;
    let megabytes = cpu::resident_mb(std::process::id())? - before;
    let amount = Amount { rounds: 10, queries: 100_000, mixed: 1_000_000 };
    let our_cost = measure(&mut ours, &work, &amount)?;
    ours.together = false;
    let one_by_one = measure(&mut ours, &work, &amount)?;
    let (updates, queries) = together(&ours, &work)?;

    let radius = radius_for(&ours, &work);
    eprintln!("{}: redis, radius {radius} m", spread.as_str());
    let amount = Amount { rounds: 5, queries: 20_000, mixed: 200_000 };
    let mut redis = InRedis::new(Redis::start(dir.path())?, radius);
    let redis_cost = measure(&mut redis, &work, &amount)?;
    let inside = redis.inside()?;
    let redis_agrees = agreement(&ours, &mut redis, &work)?;
    let redis_mb = cpu::resident_mb(redis.pid())?;
    redis.together = true;
    let redis_together = measure(&mut redis, &work, &amount)?;
    drop(redis);

    writeln!(report, "### {}\n", spread.as_str())?;
    writeln!(report, "| | updates/CPU s | queries/CPU s | mixed/CPU s | ours is |\n|---|---:|---:|---:|---:|")?;
    let mut line = |name: &str, cost: &Cost| {
        let times = |theirs: f64, ours: f64| theirs / ours;
        writeln!(
            report,
            "| {name} | {:.0} | {:.0} | {:.0} | {:.1}× / {:.1}× / {:.1}× |",
            1.0 / cost.update_s,
            1.0 / cost.query_s,
            1.0 / cost.mixed_s,
            times(cost.update_s, our_cost.update_s),
            times(cost.query_s, our_cost.query_s),
            times(cost.mixed_s, our_cost.mixed_s),
        )
    };
    line("Doorstep, in process, by driver id, 250 reports per call", &our_cost)?;
    line("Doorstep, in process, by driver id, one report per call", &one_by_one)?;
    line("Redis GEO, one GEOADD per report, pipelined by 250", &redis_cost)?;
    line("Redis GEO, one GEOADD per 250 reports", &redis_together)?;
    line("Redis GEO, only inside its commands (INFO commandstats)", &inside)?;
    if !arguments.without_postgis {
        eprintln!("{}: postgis", spread.as_str());
        let mut postgis = Database(PostGis::start(dir.path())?);
        let cost = measure(&mut postgis, &work, &Amount { rounds: 1, queries: 2_000, mixed: 20_000 })?;
        let agrees = agreement(&ours, &mut postgis, &work)?;
        line("PostGIS, KNN on geography, 250 reports per statement", &cost)?;
        writeln!(
            report,
            "\nSame {NEAREST} drivers as ours: Redis {redis_agrees:.1} %, PostGIS {agrees:.1} % of 1,000 points."
        )?;
    } else {
        writeln!(report, "\nSame {NEAREST} drivers as ours: Redis {redis_agrees:.1} % of 1,000 points.")?;
    }
    writeln!(
        report,
        "Redis searches {radius} m, enough for 99 % of the points, and four times that where it was not. \
         One thread updating and one asking at the same time: {updates:.0} updates/s and {queries:.0} queries/s. \
         Memory: ours grew by {megabytes:.0} MB ({:.0} MB of it counted by the structure), Redis holds {redis_mb:.0} MB.\n",
        ours.supply.heap_bytes() as f64 / 1e6
    )?;
    Ok(())
}

/// What an index on H3 cells would pay before it looked at the first driver.
fn h3(arguments: &Arguments, report: &mut String) -> Result<()> {
    let mut rng = SeededRng::new(arguments.seed, "bench.h3");
    let points: Vec<Point> = (0..100_000).map(|_| Spread::Manhattan.place(&mut rng)).collect();
    let start = cpu::thread_seconds()?;
    let cells: Vec<Cell> = points.iter().map(|&point| Cell::at(point, Resolution::Nine)).collect();
    let projected = cpu::thread_seconds()?;
    let around: usize = cells.iter().map(|cell| cell.disk(1).count()).sum();
    let listed = cpu::thread_seconds()?;
    let per = |seconds: f64, count: usize| seconds * 1e9 / count as f64;
    writeln!(
        report,
        "Why the nearest are found on a grid of our own and H3 cells are only counted: projecting a point into H3 takes \
         {:.0} ns and listing a cell's neighbours {:.0} ns, before the first driver is looked at.",
        per(projected - start, points.len()),
        per(listed - projected, cells.len())
    )?;
    (around > 0).then_some(()).context("cells have neighbours")
}
