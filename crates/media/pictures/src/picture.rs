//! A result, as it is kept and handed out.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What was made. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its bytes.
    pub body: Bytes,
    /// What they are.
    pub about: About,
}

/// What is known of it without looking at its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Media type of the bytes.
    pub media_type: String,
    /// The ending of a file's name: `jpg`; `json` for an answer.
    pub extension: String,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Pictures in it.
    pub frames: u32,
}
