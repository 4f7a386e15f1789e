//! `doorstep city`: imports a city, replays a recorded period of it, forecasts and simulates its demand.

mod backtest;
mod forecast;
mod import;
mod record;
mod replay;
mod simulate;
mod tables;

use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Turn a road network, and recorded trips if there are any, into a city
    Import(import::Args),
    /// Run a recorded period through the live engine, at full speed and the same each time
    Replay(replay::Args),
    /// Try two policies on a recorded period, side by side
    Backtest(backtest::Args),
    /// Write a period of the live city into tables
    Record(record::Args),
    /// Forecast demand by cell and half hour, and judge it on days that were not fitted
    Forecast(forecast::Args),
    /// Play a price policy on a market of riders and drivers before it is switched on
    Simulate(simulate::Args),
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Import(args) => import::run(args),
        Command::Replay(args) => replay::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Forecast(args) => forecast::run(&args),
        Command::Simulate(args) => simulate::run(&args),
    }
}
