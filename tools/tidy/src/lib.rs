//! Checks that the house keeps its rules: what compiles is not yet what was agreed.
//!
//! Each rule is one file under `rules/` and a function from the [`Tree`] to its [`Violation`]s;
//! no rule touches the disk, so each is tested on a tree written in the test.

pub mod manifest;
pub mod rules;
pub mod source;
pub mod tree;

use std::fmt;

pub use rules::{RULES, Rule};
pub use tree::Tree;

/// One place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The file, relative to the root of the project.
    pub path: String,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Violation {
    /// A violation by a whole file.
    pub fn of_file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: 0, message: message.into() }
    }

    /// A violation at a line, counted from 1.
    pub fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Asks every rule; the answers are in the order of files, each with the rule's name.
#[must_use]
pub fn check(tree: &Tree) -> Vec<(&'static str, Violation)> {
    let mut found: Vec<_> =
        RULES.iter().flat_map(|rule| (rule.check)(tree).into_iter().map(|v| (rule.name, v))).collect();
    found.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(b.0)));
    found
}
