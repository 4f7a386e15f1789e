//! Logs: what is written, and in which form.

use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For a person's eye.
    #[default]
    Pretty,
    /// One JSON object a line, for machines.
    Json,
}

impl Format {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        }
    }
}

impl FromStr for Format {
    type Err = TelemetryError;

    fn from_str(text: &str) -> Result<Self, TelemetryError> {
        [Self::Pretty, Self::Json]
            .into_iter()
            .find(|f| f.as_str() == text)
            .ok_or_else(|| TelemetryError::UnknownFormat(text.chars().take(32).collect()))
    }
}

/// How to log.
#[derive(Clone, Debug)]
pub struct Config {
    /// The form of a line.
    pub format: Format,
    /// Which lines, in the language of `RUST_LOG`: `info,doorstep_city=debug`.
    pub filter: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { format: Format::default(), filter: "info".to_owned() }
    }
}

/// What can go wrong while setting up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A log form that does not exist.
    #[error("`{0}` is not a log format: write pretty or json")]
    UnknownFormat(String),
    /// A filter that cannot be read.
    #[error("the log filter `{filter}` cannot be read: {reason}; write a level, or TARGET=LEVEL pairs between commas")]
    BadFilter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Logs or metrics were set up before.
    #[error("{0} can be set up only once in a process")]
    Twice(&'static str),
}

/// Starts logging to standard error.
///
/// # Errors
/// [`TelemetryError::BadFilter`], or [`TelemetryError::Twice`] when logs were set up before.
pub fn init(config: &Config) -> Result<(), TelemetryError> {
    // What a caller does wrong is in its answer and in the metrics; `s3s` would write two lines for each, as errors.
    // A filter that names it is heeded.
    let filter = EnvFilter::try_new(format!("s3s=off,{}", config.filter))
        .map_err(|e| TelemetryError::BadFilter { filter: config.filter.clone(), reason: e.to_string() })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(BoxMakeWriter::new(std::io::stderr));
    match config.format {
        Format::Pretty => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(|_| TelemetryError::Twice("logging"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        assert!("xml".parse::<Format>().unwrap_err().to_string().contains("pretty or json"));
        let bad = Config { filter: "a=b=c".to_owned(), ..Config::default() };
        assert!(init(&bad).unwrap_err().to_string().contains("a=b=c"));
    }
}
