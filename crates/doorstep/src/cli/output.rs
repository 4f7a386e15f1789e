//! The only place that prints: results to standard output, failures to standard error.
#![allow(clippy::print_stdout, reason = "a command line prints its results")]

use std::{io::Write as _, process::ExitCode};

use serde::Serialize;

/// How results are printed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Output {
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Output {
    /// One result: as JSON, or as `text` for people.
    pub(crate) fn print(self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json { line(&serde_json::to_string(value)?) } else { line(&text()) }
    }
}

/// A line on standard output. A reader that has left (`| head`) is no failure.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// A line for people, on standard error.
pub(crate) fn note(text: &str) {
    // Nothing can be told to a closed terminal.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says what failed and why, and gives the exit code for it.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    note(&format!("error: {error:#}"));
    ExitCode::from(1)
}
