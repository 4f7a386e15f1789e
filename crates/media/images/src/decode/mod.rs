//! From bytes to pixels, frame by frame. Each format is a file; what comes out still has the source's colours.

mod av1;
mod drawing;
mod ffmpeg;
mod gif;
mod hevc;
mod jpeg;
mod plain;
mod webp;

pub(crate) use drawing::{drawn_size, straight};

use crate::color::Meaning;
use crate::limits::Watch;
use crate::plan::Plan;
use crate::raster::Raster;
use crate::{Format, ImageError};

/// One frame.
pub(crate) struct Frame {
    pub(crate) raster: Raster,
    pub(crate) meaning: Meaning,
    /// How long it is shown, in milliseconds; 0 for a still.
    pub(crate) delay_ms: u32,
    /// Counted from 0.
    pub(crate) index: u32,
}

/// Takes each frame as it comes.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Frame) -> Result<(), ImageError>;

/// Decodes the frames that the plan wants, and says how often an animation plays; 0 is for ever.
pub(crate) fn decode(source: &[u8], plan: &Plan, watch: &Watch, sink: Sink<'_>) -> Result<u32, ImageError> {
    let mut still =
        |raster: Raster, meaning: Meaning| sink(Frame { raster, meaning, delay_ms: 0, index: 0 }).map(|()| 0);
    match plan.header.format {
        Format::Gif => gif::decode(source, plan, watch, sink),
        Format::WebP if plan.header.frames > 1 => webp::decode_animation(source, plan, watch, sink),
        Format::WebP => webp::decode(source).and_then(|(raster, meaning)| still(raster, meaning)),
        Format::Jpeg => jpeg::decode(source, plan).and_then(|(raster, meaning)| still(raster, meaning)),
        Format::Avif => av1::decode(source, watch).and_then(|(raster, meaning)| still(raster, meaning)),
        Format::Heic => hevc::decode(source, watch).and_then(|(raster, meaning)| still(raster, meaning)),
        Format::Svg => drawing::decode(source, plan).and_then(|raster| still(raster, Meaning::Srgb)),
        format @ (Format::Png | Format::Tiff | Format::Bmp) => {
            plain::decode(source, format).and_then(|(raster, meaning)| still(raster, meaning))
        }
    }
}
