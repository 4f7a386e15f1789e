//! The command line. Each command is a file: its arguments, and what it does with them.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong use (clap's own). Results go to standard output, as JSON with
//! `--json`; everything else goes to standard error.

mod bill;
mod city;
mod completions;
mod config;
mod image;
mod key;
mod output;
mod pool;
mod ratings;
mod route;
#[cfg(feature = "lake")]
mod sql;
mod tenant;
mod time;
mod up;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  doorstep up --demo                                  a Manhattan afternoon in the browser
  doorstep city import --nodes n.csv.gz --edges e.csv.gz --out my-city
  doorstep up --city my-city                          that city, live, for your own apps
  doorstep key create 'rider app' --scopes rider      a key for them
  doorstep sql 'SELECT city, count(*) FROM rides GROUP BY city'
  doorstep route 40.7527,-73.9772 40.7061,-74.0087 --city my-city
  doorstep bill --month 2026-11                       what was used, and what it costs
  doorstep image 'iopcmd=thumbnail&type=4&width=512' photo.jpg -o thumbs

Settings come from defaults, then a TOML file (--config), then DOORSTEP_… variables, then flags;
`doorstep config show` prints all of them. Exit codes: 0 done, 1 failed, 2 wrong use.";

/// The O2O cloud in one binary: a city's rides, live.
#[derive(Debug, Parser)]
#[command(name = "doorstep", version, after_help = EXAMPLES, arg_required_else_help = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start Doorstep: the configured cities, the API, the console
    Up(up::Args),
    /// Check or show the configuration
    Config(config::Args),
    /// Make, list and revoke access keys
    Key(key::Args),
    /// Make and list tenants, the companies that share this Doorstep
    Tenant(tenant::Args),
    /// Import a city, or replay a recorded period
    City(city::Args),
    /// Reputations from reviews
    Ratings(ratings::Args),
    /// Solve shared rides as a fixed problem, or judge a plan
    Pool(pool::Args),
    /// A pipeline over pictures: resize, turn, crop, watermark, convert and more
    Image(image::Args),
    /// What was used in a month, and what it costs
    Bill(bill::Args),
    /// The fastest way between two points of a city
    Route(route::Args),
    /// Ask anything of everything that happened, in SQL
    #[cfg(feature = "lake")]
    Sql(sql::Args),
    /// Print completions for a shell
    Completions(completions::Args),
}

/// Runs the command and says how it ended.
pub fn run(args: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be told to a closed terminal.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match cli.command {
        Command::Up(args) => up::run(args),
        Command::Config(args) => config::run(args),
        Command::Key(args) => key::run(args),
        Command::Tenant(args) => tenant::run(args),
        Command::City(args) => city::run(args),
        Command::Ratings(args) => ratings::run(args),
        Command::Pool(args) => pool::run(args),
        Command::Image(args) => image::run(&args),
        Command::Bill(args) => bill::run(args),
        Command::Route(args) => route::run(&args),
        #[cfg(feature = "lake")]
        Command::Sql(args) => sql::run(args),
        Command::Completions(args) => completions::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::fail(&error),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        super::Cli::command().debug_assert();
    }
}
