//! JPEG by libjpeg-turbo. Transparency becomes white.

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

/// From here on colours are kept at full size: who asks for that much wants no soft edges.
const FULL_COLOR_QUALITY: u8 = 91;

pub(super) fn encode(raster: &Raster, quality: u8, progressive: bool) -> Result<Vec<u8>, ImageError> {
    let failed = |error: turbojpeg::Error| ImageError::encode(Format::Jpeg, error);
    let flat;
    let raster = match raster.layout {
        Layout::Gray | Layout::Rgb => raster,
        _ => {
            flat = raster.clone().colored().flattened([255; 3]);
            &flat
        }
    };
    let (format, subsamp) = match raster.layout {
        Layout::Gray => (PixelFormat::GRAY, Subsamp::Gray),
        _ if quality >= FULL_COLOR_QUALITY => (PixelFormat::RGB, Subsamp::None),
        _ => (PixelFormat::RGB, Subsamp::Sub2x2),
    };
    let mut compressor = Compressor::new().map_err(failed)?;
    compressor.set_quality(i32::from(quality)).map_err(failed)?;
    compressor.set_subsamp(subsamp).map_err(failed)?;
    compressor.set_optimize(true).map_err(failed)?;
    compressor.set_progressive(progressive).map_err(failed)?;
    let image = Image {
        pixels: raster.data.as_slice(),
        width: raster.width as usize,
        pitch: raster.stride(),
        height: raster.height as usize,
        format,
    };
    compressor.compress_to_vec(image).map_err(failed)
}
