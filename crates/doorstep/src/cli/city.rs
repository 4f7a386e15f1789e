//! `doorstep city`: imports a city, replays a recorded period of it.

mod import;
mod replay;

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
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Import(args) => import::run(args),
        Command::Replay(args) => replay::run(&args),
    }
}
