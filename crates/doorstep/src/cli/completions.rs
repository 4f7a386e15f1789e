//! `doorstep completions`: what a shell completes.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::output;

const EXAMPLE: &str = "\
Example:
  doorstep completions bash > ~/.local/share/bash-completion/completions/doorstep";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "doorstep", &mut script);
    output::line(String::from_utf8(script)?.trim_end())
}
