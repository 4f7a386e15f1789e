//! The server as its clients see it: positions by WebSocket or NDJSON, quotes beside them, durable orders.
#![allow(clippy::print_stdout)] // a bench talks to whoever runs it

mod load;
mod server;
mod wire;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use doorstep_bench::{cpu, machine, peers::redis::Redis, results};

use load::{Fleet, Pace, orders, positions, register};
use server::{Server, StoreKind, corners, import};

/// How positions travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Face {
    /// Text frames of 250 lines over one WebSocket per connection.
    Websocket,
    /// Bodies of 250 lines over HTTP connections kept alive.
    Ndjson,
}

impl Face {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Websocket => "WebSocket",
            Self::Ndjson => "NDJSON",
        }
    }
}

/// Puts a running server under the load of a large city and measures what its clients see.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's binary, optimised.
    #[arg(long, default_value = "target/release/doorstep")]
    server: PathBuf,
    /// Where orders are kept; may be given several times.
    #[arg(long, value_enum, default_values_t = [StoreKind::Sqlite, StoreKind::Postgres])]
    store: Vec<StoreKind>,
    /// Drivers on shift.
    #[arg(long, default_value_t = 100_000)]
    drivers: usize,
    /// Positions a second while quotes are timed.
    #[arg(long, default_value_t = 20_000)]
    positions_per_s: usize,
    /// Quotes a second beside them.
    #[arg(long, default_value_t = 100)]
    quotes_per_s: usize,
    /// Seconds of each part.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Clients that order at the same time.
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// What to call the build in the results.
    #[arg(long, default_value = "release")]
    build: String,
    /// Write the section into bench/RESULTS.md.
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut report = String::new();
    writeln!(report, "## End to end over HTTP and WebSocket: `bench/e2e/run.sh`\n")?;
    writeln!(report, "Machine: {}; clients and server share it. Build: {}.\n", machine::describe(), arguments.build)?;
    let dir = tempfile::tempdir()?;
    let city = import(&arguments.server, dir.path())?;
    let corners = corners()?;
    live(&arguments, &city, dir.path(), &corners, &mut report)?;
    writeln!(
        report,
        "### Orders\n\n{} clients, each one order after the other from a quote it holds, each with an Idempotency-Key; an \
         order is counted when its 201 is read, after the store's fsync.\n",
        arguments.clients
    )?;
    writeln!(report, "| store | orders/s | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|---:|")?;
    for &store in &arguments.store {
        eprintln!("orders on {}", store.as_str());
        let server = Server::start(&arguments.server, &city, &dir.path().join(store.as_str()), store)?;
        let (per_s, times) = orders(&server.door, &corners, arguments.clients, arguments.seconds)?;
        let [p50, p99, max] = times.ms([0.5, 0.99, 1.0]);
        writeln!(report, "| {} | {per_s:.0} | {p50:.1} | {p99:.1} | {max:.1} |", store.as_str())?;
    }
    println!("{report}");
    if arguments.write {
        results::write_section(&results::path(), "e2e", &report)?;
    }
    Ok(())
}

/// Positions and quotes on one server with all drivers on shift.
fn live(
    arguments: &Arguments,
    city: &std::path::Path,
    dir: &std::path::Path,
    corners: &[doorstep_geo::Point],
    report: &mut String,
) -> Result<()> {
    let server = Server::start(&arguments.server, city, &dir.join("live"), StoreKind::Sqlite)?;
    let idle_mb = cpu::resident_mb(server.pid())?;
    eprintln!("registering {} drivers", arguments.drivers);
    let fleet = Fleet::new(register(&server.door, arguments.drivers)?, corners);
    fleet.go_online(&server.door)?;
    let online_mb = cpu::resident_mb(server.pid())?;

    writeln!(report, "### Positions and quotes, {} drivers on shift\n", arguments.drivers)?;
    writeln!(
        report,
        "| | positions/s | server CPU s per s | quotes | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|---:|---:|---:|"
    )?;
    for face in [Face::Websocket, Face::Ndjson] {
        eprintln!("{} positions/s by {}", arguments.positions_per_s, face.as_str());
        let pace = Pace {
            positions_per_s: Some(arguments.positions_per_s),
            quotes_per_s: arguments.quotes_per_s,
            seconds: arguments.seconds,
        };
        let before = cpu::process_seconds(server.pid())?;
        let seen = positions(&server.door, &fleet, face, corners, &pace)?;
        let busy = (cpu::process_seconds(server.pid())? - before) / seen.seconds;
        let [p50, p99, max] = seen.quotes.ms([0.5, 0.99, 1.0]);
        writeln!(
            report,
            "| {} | {:.0} | {busy:.2} | {} | {p50:.1} | {p99:.1} | {max:.1} |",
            face.as_str(),
            seen.accepted as f64 / seen.seconds,
            seen.quotes.count(),
        )?;
    }
    writeln!(
        report,
        "\nA quote's time runs from when it was due, not from when it could be sent. Resident memory of the server: \
         {idle_mb:.0} MB idle, {online_mb:.0} MB with all drivers on shift, {:.0} MB afterwards.\n",
        cpu::resident_mb(server.pid())?
    )?;

    writeln!(report, "As fast as one connection goes, 250 positions at a time, the next after the answer:\n")?;
    writeln!(report, "| | positions/s | positions per CPU s of the server |\n|---|---:|---:|")?;
    for face in [Face::Websocket, Face::Ndjson] {
        eprintln!("positions at full speed by {}", face.as_str());
        let pace = Pace { positions_per_s: None, quotes_per_s: 0, seconds: arguments.seconds.min(8) };
        let before = cpu::process_seconds(server.pid())?;
        let seen = positions(&server.door, &fleet, face, corners, &pace)?;
        let busy = cpu::process_seconds(server.pid())? - before;
        let accepted = seen.accepted as f64;
        writeln!(report, "| Doorstep, {} | {:.0} | {:.0} |", face.as_str(), accepted / seen.seconds, accepted / busy)?;
    }
    drop(server);
    let redis_dir = dir.join("redis");
    std::fs::create_dir(&redis_dir)?;
    let mut redis = Redis::start(&redis_dir)?;
    for (name, together) in [("Redis, 250 GEOADD pipelined", false), ("Redis, one GEOADD of 250", true)] {
        let before = cpu::process_seconds(redis.pid())?;
        let (count, seconds) = fleet.load_redis(&mut redis, together, arguments.seconds.min(8))?;
        let busy = cpu::process_seconds(redis.pid())? - before;
        writeln!(report, "| {name} | {:.0} | {:.0} |", count as f64 / seconds, count as f64 / busy)?;
    }
    writeln!(
        report,
        "\nThe API answers no nearest-driver query of its own; quotes, which find the nearest drivers by road, stand for it.\n"
    )?;
    Ok(())
}
