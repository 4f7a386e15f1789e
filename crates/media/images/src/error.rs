//! What can go wrong between a source and a picture.

use crate::{Format, GrammarError};

/// A refusal, with what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImageError {
    /// The request itself.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// Bytes that are no picture.
    #[error("the source is no picture of a known format: give JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF, BMP or SVG")]
    UnknownFormat,
    /// Something is larger than allowed. Nothing was decoded.
    #[error("{what}: {given} is more than the {allowed} allowed")]
    TooLarge {
        /// What.
        what: Limited,
        /// How much it is.
        given: u64,
        /// How much may be.
        allowed: u64,
    },
    /// The source is broken.
    #[error("the {} source is damaged: {reason}", format.as_str())]
    Damaged {
        /// Its format.
        format: Format,
        /// What the decoder says.
        reason: String,
    },
    /// A sound source that cannot be read.
    #[error("{what} cannot be read: {fix}")]
    Unsupported {
        /// What it is.
        what: String,
        /// What to do instead.
        fix: &'static str,
    },
    /// A step that this picture does not allow.
    #[error("{command}: {problem}; {fix}")]
    Step {
        /// Which.
        command: &'static str,
        /// Why.
        problem: String,
        /// What to do instead.
        fix: &'static str,
    },
    /// A picture to be laid over could not be had.
    #[error("the watermark picture `{source_ref}` cannot be had: {reason}")]
    Overlay {
        /// As the request names it.
        source_ref: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("the picture was not done after {allowed_ms} ms")]
    Deadline {
        /// What was allowed.
        allowed_ms: u64,
    },
    /// A picture could not be written.
    #[error("the picture cannot be written as {}: {reason}", format.as_str())]
    Encode {
        /// The format.
        format: Format,
        /// Why.
        reason: String,
    },
    /// A mark that is not there, or is damaged beyond reading.
    #[error("no invisible mark was found")]
    NoMark,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Bytes of the source.
    SourceBytes,
    /// Pixels of the source, all frames together.
    SourcePixels,
    /// The longer side of the source.
    SourceSide,
    /// Pixels of the result.
    ResultPixels,
    /// The longer side of the result.
    ResultSide,
    /// Memory that the work would take.
    Memory,
}

impl Limited {
    /// A stable word for labels and errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SourceBytes => "source_bytes",
            Self::SourcePixels => "source_pixels",
            Self::SourceSide => "source_side",
            Self::ResultPixels => "result_pixels",
            Self::ResultSide => "result_side",
            Self::Memory => "memory_bytes",
        }
    }
}

impl std::fmt::Display for Limited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ImageError {
    /// A stable word for labels, logs and protocol faces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Grammar(_) => "bad_request",
            Self::UnknownFormat => "unknown_format",
            Self::TooLarge { .. } => "too_large",
            Self::Damaged { .. } => "damaged",
            Self::Unsupported { .. } => "unsupported",
            Self::Step { .. } => "bad_step",
            Self::Overlay { .. } => "bad_watermark",
            Self::Deadline { .. } => "too_slow",
            Self::Encode { .. } => "not_writable",
            Self::NoMark => "no_mark",
        }
    }

    pub(crate) fn damaged(format: Format, reason: impl ToString) -> Self {
        Self::Damaged { format, reason: reason.to_string().chars().take(200).collect() }
    }

    pub(crate) fn encode(format: Format, reason: impl ToString) -> Self {
        Self::Encode { format, reason: reason.to_string().chars().take(200).collect() }
    }
}
