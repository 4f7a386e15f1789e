//! `doorstep config`: what the settings are and whether they are right.

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;
use serde_json::json;

use super::output::{self, Output};
use crate::config::{ConfigError, Loaded, Loader};

const EXAMPLE: &str = "\
Examples:
  doorstep config show > doorstep.toml          every setting with what it is for
  doorstep config check --config doorstep.toml  all mistakes at once, with field and fix
  DOORSTEP_API_LISTEN=0.0.0.0:80 doorstep config show --json";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say everything that is wrong; exits with 1 if anything is
    Check(Which),
    /// Print every setting, what it is for and where its value comes from
    Show(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The TOML file; DOORSTEP_CONFIG names one too
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Which {
    fn load(&self) -> Result<Loaded, ConfigError> {
        Loader::from_environment().file(self.config.as_deref()).load()
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::Check(which) => check(&which),
        Action::Show(which) => {
            let loaded = which.load()?;
            which.output.print(&loaded.to_json(), || loaded.to_toml().trim_end().to_owned())
        }
    }
}

fn check(which: &Which) -> anyhow::Result<()> {
    match which.load() {
        Ok(_) => which.output.print(&json!({"ok": true, "mistakes": []}), || "the configuration is right".to_owned()),
        Err(error) if which.output.json => {
            output::line(&json!({"ok": false, "mistakes": error.mistakes()}).to_string())?;
            bail!("the configuration is wrong")
        }
        Err(error) => Err(error.into()),
    }
}
