//! Images: URLs of three grammars become one [`Pipeline`], a pipeline becomes a [`Plan`], a plan becomes pixels.
//!
//! Bytes in, bytes out: there is no store, no network and no task in here. Whoever serves pictures calls
//! [`process`] on a thread that may work, and hands in how a watermark's picture is fetched.
//!
//! *Invariant*: nothing is decoded before the plan, which is made of the header's numbers alone, has been held to the
//! [`Limits`].

mod accept;
mod color;
mod decode;
mod encode;
mod error;
mod exif;
mod fonts;
mod format;
pub mod grammar;
mod limits;
mod metrics;
mod ops;
mod orientation;
pub mod pipeline;
mod plan;
mod probe;
mod process;
mod raster;
mod resample;

pub use accept::{accepted, negotiate};
pub use encode::DEFAULT_QUALITY;
pub use error::{ImageError, Limited};
pub use format::Format;
pub use grammar::{Grammar, GrammarError, Problem};
pub use limits::Limits;
pub use metrics::METRICS;
pub use ops::mark::MARK_BYTES;
pub use orientation::Orientation;
pub use pipeline::Pipeline;
pub use plan::{Plan, Rect, Resample, Stage, Summary, plan};
pub use probe::{Header, probe, sniff};
pub use process::{Output, process};
pub use raster::{Layout, Raster};

pub(crate) use decode::straight as decode_straight;

/// Brings the picture that a watermark names, or says why not. It decides what may be fetched.
pub type Fetch<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// For callers that want pixels: decodes the first frame, upright and in sRGB.
///
/// # Errors
/// As [`process`].
pub fn pixels(source: &[u8], limits: &Limits) -> Result<Raster, ImageError> {
    process::still(source, None, limits, &limits::Watch::start(limits.time))
}
