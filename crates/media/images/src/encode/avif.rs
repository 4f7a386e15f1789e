//! AVIF by rav1e.

use ravif::{BitDepth, Encoder, Img, RGB8, RGBA8};

use super::trimmed;
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

/// From 1 (small) to 10 (fast): where a thumbnail takes a few tenths of a second.
const SPEED: u8 = 8;

pub(super) fn encode(raster: &Raster, quality: u8) -> Result<Vec<u8>, ImageError> {
    let failed = |error: ravif::Error| ImageError::encode(Format::Avif, error);
    let encoder = Encoder::new()
        .with_quality(f32::from(quality))
        .with_alpha_quality(f32::from(quality))
        .with_speed(SPEED)
        .with_bit_depth(BitDepth::Eight)
        .with_num_threads(Some(1));
    let raster = trimmed(raster).into_owned();
    let (width, height) = (raster.width as usize, raster.height as usize);
    let done = if raster.layout == Layout::Rgba {
        let pixels: Vec<RGBA8> = raster.data.chunks_exact(4).map(|p| RGBA8::new(p[0], p[1], p[2], p[3])).collect();
        encoder.encode_rgba(Img::new(&pixels, width, height))
    } else {
        let raster = raster.colored();
        let pixels: Vec<RGB8> = raster.data.chunks_exact(3).map(|p| RGB8::new(p[0], p[1], p[2])).collect();
        encoder.encode_rgb(Img::new(&pixels, width, height))
    };
    Ok(done.map_err(failed)?.avif_file)
}
