//! PNG and BMP by the image crate.

use image::codecs::bmp::BmpEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};

use super::trimmed;
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

pub(super) fn encode(raster: &Raster, format: Format) -> Result<Vec<u8>, ImageError> {
    let raster = trimmed(raster);
    let color = match raster.layout {
        Layout::Gray => ExtendedColorType::L8,
        Layout::GrayAlpha => ExtendedColorType::La8,
        Layout::Rgba => ExtendedColorType::Rgba8,
        _ => ExtendedColorType::Rgb8,
    };
    let mut out = Vec::new();
    let done = if format == Format::Bmp {
        BmpEncoder::new(&mut out).write_image(&raster.data, raster.width, raster.height, color)
    } else {
        PngEncoder::new_with_quality(&mut out, CompressionType::Default, FilterType::Adaptive).write_image(
            &raster.data,
            raster.width,
            raster.height,
            color,
        )
    };
    done.map_err(|error| ImageError::encode(format, error))?;
    Ok(out)
}
