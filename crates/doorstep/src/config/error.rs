//! What can be wrong with a configuration: a list, never only the first.

use std::{fmt, path::PathBuf};

use serde::Serialize;

/// One thing that is wrong, where it was said and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The setting, as in the file: `limits.burst`.
    pub field: String,
    /// Where the value came from: `file doorstep.toml`, `DOORSTEP_LIMITS_BURST`, `--city`.
    pub source: String,
    /// What is wrong with it.
    pub reason: String,
    /// What to write instead.
    pub fix: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}; {}", self.field, self.source, self.reason, self.fix)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by `--config` or `DOORSTEP_CONFIG` cannot be read.
    #[error("cannot read the configuration {}: {source}; check the path given with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not TOML: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        reason: String,
    },
    /// Settings are wrong: all of them.
    #[error("{}", list(mistakes))]
    Mistakes {
        /// In the order of the settings.
        mistakes: Vec<Mistake>,
    },
}

impl ConfigError {
    /// Everything that is wrong, as rows.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        match self {
            Self::Mistakes { mistakes } => mistakes.clone(),
            Self::Unreadable { path, source } => vec![Mistake {
                field: "--config".to_owned(),
                source: path.display().to_string(),
                reason: source.to_string(),
                fix: "name a file that can be read".to_owned(),
            }],
            Self::Syntax { path, reason } => vec![Mistake {
                field: "--config".to_owned(),
                source: path.display().to_string(),
                reason: reason.trim().to_owned(),
                fix: "write the file as TOML; `doorstep config show` prints one".to_owned(),
            }],
        }
    }
}

fn list(mistakes: &[Mistake]) -> String {
    let mut text = match mistakes.len() {
        1 => "one setting is wrong".to_owned(),
        n => format!("{n} settings are wrong"),
    };
    for mistake in mistakes {
        text.push_str("\n  ");
        text.push_str(&mistake.to_string());
    }
    text
}
