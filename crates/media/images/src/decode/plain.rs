//! PNG, TIFF and BMP by the image crate; 16 bits are converted in 16 bits.

use image::ColorType;

use crate::color::{Meaning, to_srgb_16};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError, probe};

pub(super) fn decode(source: &[u8], format: Format) -> Result<(Raster, Meaning), ImageError> {
    let failed = |error: image::ImageError| ImageError::damaged(format, error);
    let mut decoder = probe::open(source, format)?;
    let (width, height) = decoder.dimensions();
    let color = decoder.color_type();
    let meaning = decoder.icc_profile().ok().flatten().map_or(Meaning::Srgb, Meaning::Profile);
    let total = usize::try_from(decoder.total_bytes()).map_err(|_| ImageError::damaged(format, "it is too large"))?;
    let unsupported = || ImageError::Unsupported {
        what: format!("a {} of {color:?} pixels", format.as_str()),
        fix: "give one of whole numbers of 8 or 16 bits",
    };
    let layout = match color {
        ColorType::L8 | ColorType::L16 => Layout::Gray,
        ColorType::La8 | ColorType::La16 => Layout::GrayAlpha,
        ColorType::Rgb8 | ColorType::Rgb16 => Layout::Rgb,
        ColorType::Rgba8 | ColorType::Rgba16 => Layout::Rgba,
        _ => return Err(unsupported()),
    };
    let wide = usize::from(color.bytes_per_pixel()) > layout.bytes();
    let mut data = vec![0; total];
    decoder.read_image_boxed(&mut data).map_err(failed)?;
    let no_pixels = || ImageError::damaged(format, "it has no pixels");
    if wide {
        let words: Vec<u16> = data.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect();
        let raster = to_srgb_16(width, height, layout, &words, &meaning).ok_or_else(no_pixels)?;
        return Ok((raster, Meaning::Srgb));
    }
    Ok((Raster::new(width, height, layout, data).ok_or_else(no_pixels)?, meaning))
}
