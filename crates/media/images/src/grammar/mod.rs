//! The grammars of image URLs. Each file reads one into a [`Pipeline`](crate::Pipeline); none does anything else.

pub mod imgproxy;
pub mod iopcmd;
pub mod oss;
mod params;
mod percent;
mod print;

use std::fmt;

pub(crate) use params::Params;
pub use percent::decode as percent_decode;

/// A grammar by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// UFile: `iopcmd=thumbnail&type=4&width=512|iopcmd=rotate&degree=90`.
    Iopcmd,
    /// Alibaba OSS: `image/resize,w_512/rotate,90`.
    Oss,
    /// imgproxy: `/SIGNATURE/rs:fit:512:0/plain/KEY@webp`.
    Imgproxy,
}

impl Grammar {
    /// The name in errors and labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iopcmd => "iopcmd",
            Self::Oss => "x-oss-process",
            Self::Imgproxy => "imgproxy",
        }
    }
}

/// What is wrong with a request for a picture, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct GrammarError {
    /// In which grammar.
    pub grammar: Grammar,
    /// In which command; empty when it is about the whole.
    pub command: String,
    /// In which parameter; empty when it is about the command.
    pub parameter: String,
    /// What is wrong.
    pub problem: Box<Problem>,
}

/// What can be wrong with a command or a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No such command; one that is ignored would give a wrong picture.
    #[error("there is no such command")]
    UnknownCommand,
    /// No such parameter.
    #[error("the command has no such parameter")]
    UnknownParameter,
    /// A parameter that is needed.
    #[error("it is missing")]
    Missing,
    /// Given twice.
    #[error("it is given more than once")]
    Repeated,
    /// Not a number.
    #[error("`{0}` is no number")]
    NoNumber(String),
    /// A number outside of what is allowed.
    #[error("{given} is out of range: give {min} to {max}")]
    OutOfRange {
        /// What was given.
        given: String,
        /// The least.
        min: String,
        /// The most.
        max: String,
    },
    /// None of the words that are allowed.
    #[error("`{given}` is not understood: give one of {allowed}")]
    NotOneOf {
        /// What was given.
        given: String,
        /// What may be given.
        allowed: String,
    },
    /// Not URL-safe Base64 of UTF-8.
    #[error("it is no URL-safe Base64 of UTF-8 text")]
    NoBase64,
    /// A text that is too long or empty.
    #[error("the text has {given} bytes: give 1 to {max}")]
    Length {
        /// Bytes given.
        given: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Not written as the grammar wants it.
    #[error("it is not written as it should be: {0}")]
    Syntax(&'static str),
    /// A part of the grammar that is not served.
    #[error("it is not served here: {0}")]
    NotServed(&'static str),
}

impl fmt::Display for GrammarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.grammar.as_str())?;
        for part in [&self.command, &self.parameter] {
            if !part.is_empty() {
                write!(f, ", {part}")?;
            }
        }
        write!(f, ": {}", self.problem)
    }
}

impl GrammarError {
    pub(crate) fn new(grammar: Grammar, command: &str, parameter: &str, problem: Problem) -> Self {
        // What is told back is bounded: it may come from anybody.
        let short = |text: &str| text.chars().take(64).collect::<String>();
        Self { grammar, command: short(command), parameter: short(parameter), problem: Box::new(problem) }
    }
}

/// Reads any of the three grammars: each has a beginning of its own. Of an imgproxy path only the options are read.
///
/// # Errors
/// As those of the grammar that the text begins like.
pub fn parse(text: &str) -> Result<crate::Pipeline, GrammarError> {
    if text.starts_with('/') {
        imgproxy::parse(text).map(|request| request.pipeline)
    } else if text.starts_with("image/") || text.starts_with("x-oss-process=") {
        oss::parse(text)
    } else {
        iopcmd::parse(text)
    }
}

/// The bytes of a request that are looked at; a longer one is refused.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024;
