//! What a plan will take, estimated from above.

use super::{Plan, Stage};
use crate::Format;

/// Bytes at the height of the work: the decoder's own, and the input and outcome of the most costly stage.
pub(super) fn memory_bytes(plan: &Plan) -> u64 {
    let header = &plan.header;
    let area = |(w, h): (u32, u32)| u64::from(w) * u64::from(h);
    let stored = area((header.width, header.height));
    let shrink = u64::from(plan.shrink);
    let channels = u64::from(header.channels) + u64::from(header.alpha);
    let wide = if header.depth > 8 { 2 } else { 1 };
    // Pixels that come out of the decoder.
    let decoded = stored.div_ceil(shrink * shrink) * channels.max(3);
    let inside = match header.format {
        // A progressive one keeps all coefficients.
        Format::Jpeg => {
            if header.interlaced {
                stored * u64::from(header.channels) * 2
            } else {
                1 << 20
            }
        }
        Format::Png | Format::Tiff | Format::Bmp => stored * channels.max(3) * wide,
        Format::Gif | Format::WebP => stored * 5,
        Format::Avif => stored * 3 * wide,
        Format::Heic => stored * 3,
        Format::Svg => 0,
    };
    // A drawing is drawn at the size of the first pass.
    let decoded = if header.format == Format::Svg { first_size(plan) * 4 } else { decoded };
    let mut peak = inside + decoded;
    let mut before = decoded;
    for stage in &plan.stages {
        let after = match stage {
            Stage::Resample(pass) => {
                // Between its two directions a resampling holds a picture of one new and one old side.
                let between =
                    u64::from(pass.scaled.0.min(pass.keep.width)) * u64::from(pass.clip.height).div_ceil(shrink);
                area(pass.size()) * 4 + between * 4
            }
            // A copy, and masks or sums beside it.
            Stage::Step(_) => before * 2,
        };
        peak = peak.max(before + after);
        before = after;
    }
    let written = area(plan.size) * 4 * plan.frames.len() as u64;
    let coder = match plan.format {
        Format::Avif => area(plan.size) * 40,
        Format::WebP => area(plan.size) * 6,
        _ => area(plan.size) * 4,
    };
    peak.max(written + coder) + (1 << 20)
}

fn first_size(plan: &Plan) -> u64 {
    let (width, height) = crate::decode::drawn_size(plan);
    u64::from(width) * u64::from(height)
}
