//! From pixels to bytes: one file a format, and the search for what fits in so many bytes.

mod avif;
mod gif;
mod jpeg;
mod plain;
mod webp;

use crate::limits::Watch;
use crate::pipeline::{Encoding, Quality};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

/// A frame to be written.
pub(crate) struct Picture {
    pub(crate) raster: Raster,
    pub(crate) delay_ms: u32,
}

/// The qualities that are written when nothing is asked for: where a photo looks like its original at arm's length.
pub const DEFAULT_QUALITY: [(Format, u8); 3] = [(Format::Jpeg, 80), (Format::WebP, 75), (Format::Avif, 60)];

fn default_quality(format: Format) -> u8 {
    DEFAULT_QUALITY.iter().find(|(known, _)| *known == format).map_or(100, |(_, quality)| *quality)
}

/// The quality to write with. A relative one is a part of the source's own, where that is known.
fn quality(asked: Option<Quality>, format: Format, source: Option<u8>) -> u8 {
    let default = default_quality(format);
    match asked {
        None => default,
        Some(Quality::Absolute(quality)) => quality.clamp(1, 100),
        Some(Quality::Relative(percent)) => {
            let whole = u32::from(source.unwrap_or(default)) * u32::from(percent);
            u8::try_from((whole + 50) / 100).unwrap_or(100).clamp(1, 100)
        }
    }
}

/// Writes the frames. `loops` is how often an animation plays, 0 for ever.
pub(crate) fn encode(
    frames: &[Picture],
    loops: u32,
    format: Format,
    encoding: &Encoding,
    source_quality: Option<u8>,
    watch: &Watch,
) -> Result<Vec<u8>, ImageError> {
    let first = frames.first().ok_or_else(|| ImageError::encode(format, "there is no frame"))?;
    let write = |quality: u8| -> Result<Vec<u8>, ImageError> {
        watch.check()?;
        match format {
            Format::Jpeg => jpeg::encode(&first.raster, quality, encoding.interlace),
            Format::WebP if frames.len() > 1 => webp::encode_animation(frames, loops, quality),
            Format::WebP => webp::encode(&first.raster, quality),
            Format::Avif => avif::encode(&first.raster, quality),
            Format::Gif => gif::encode(frames, loops, watch),
            other => plain::encode(&first.raster, other),
        }
    };
    let best = quality(encoding.quality, format, source_quality);
    let bytes = write(best)?;
    let Some(allowed) = encoding.max_bytes else { return Ok(bytes) };
    let fits = |bytes: &[u8]| bytes.len() as u64 <= u64::from(allowed);
    if fits(&bytes) {
        return Ok(bytes);
    }
    let too_long = |shortest: usize| ImageError::Encode {
        format,
        reason: format!("it takes {shortest} bytes at least, {allowed} are allowed: ask for a smaller size"),
    };
    if !matches!(format, Format::Jpeg | Format::WebP | Format::Avif) {
        return Err(too_long(bytes.len()));
    }
    // Length grows with quality: the best that fits is found by halving.
    let (mut low, mut high) = (1, best);
    let mut found = write(low)?;
    if !fits(&found) {
        return Err(too_long(found.len()));
    }
    while low + 1 < high {
        let middle = low.midpoint(high);
        let bytes = write(middle)?;
        if fits(&bytes) {
            (low, found) = (middle, bytes);
        } else {
            high = middle;
        }
    }
    Ok(found)
}

/// Without opacity if every pixel is opaque: shorter, and the same.
fn trimmed(raster: &Raster) -> std::borrow::Cow<'_, Raster> {
    if raster.layout.has_alpha() && !raster.is_transparent() {
        return std::borrow::Cow::Owned(raster.clone().flattened([0; 3]));
    }
    match raster.layout {
        Layout::GrayAlpha | Layout::Cmyk => std::borrow::Cow::Owned(raster.clone().colored()),
        _ => std::borrow::Cow::Borrowed(raster),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_quality_is_a_part_of_the_source() {
        assert_eq!(quality(Some(Quality::Relative(50)), Format::Jpeg, Some(90)), 45);
        assert_eq!(quality(Some(Quality::Relative(50)), Format::WebP, None), 38);
        assert_eq!(quality(Some(Quality::Absolute(30)), Format::Jpeg, Some(90)), 30);
        assert_eq!(quality(None, Format::Jpeg, Some(90)), 80);
    }
}
