//! PNG, TIFF and BMP by the image crate; 16 bits are converted in 16 bits.

use image::ColorType;

use crate::color::{Meaning, to_srgb_16};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError, exif, probe};

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
    let multiplied = format == Format::Tiff && layout.has_alpha() && exif::is_multiplied(source);
    if wide {
        let mut words: Vec<u16> = data.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect();
        if multiplied {
            divide(&mut words, layout, 65_535);
        }
        let raster = to_srgb_16(width, height, layout, &words, &meaning).ok_or_else(no_pixels)?;
        return Ok((raster, Meaning::Srgb));
    }
    if multiplied {
        divide(&mut data, layout, 255);
    }
    Ok((Raster::new(width, height, layout, data).ok_or_else(no_pixels)?, meaning))
}

/// Takes opacity out of colours that were multiplied by it.
fn divide<T: Copy + Into<u32> + TryFrom<u32>>(channels: &mut [T], layout: Layout, whole: u32) {
    for pixel in channels.chunks_exact_mut(layout.bytes()) {
        let Some((alpha, colors)) = pixel.split_last_mut() else { return };
        let alpha: u32 = (*alpha).into();
        for color in colors.iter_mut().filter(|_| alpha > 0) {
            let straight = ((*color).into() * whole + alpha / 2) / alpha;
            // Brighter than its opacity allows: as bright as can be.
            if let Ok(straight) = T::try_from(straight.min(whole)) {
                *color = straight;
            }
        }
    }
}
