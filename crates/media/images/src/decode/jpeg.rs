//! JPEG by libjpeg-turbo, shrunk by its own transform where the plan says so.

use turbojpeg::{Decompressor, Image, PixelFormat, ScalingFactor};

use crate::color::Meaning;
use crate::plan::Plan;
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError, probe};

/// Scans of a progressive picture; programs write about ten, and each costs a pass over all of it.
const MAX_SCANS: u32 = 200;

pub(super) fn decode(source: &[u8], plan: &Plan) -> Result<(Raster, Meaning), ImageError> {
    let failed = |error: turbojpeg::Error| ImageError::damaged(Format::Jpeg, error);
    let header = &plan.header;
    if header.depth != 8 {
        return Err(ImageError::Unsupported {
            what: "a JPEG of more than 8 bits".to_owned(),
            fix: "give one of 8 bits",
        });
    }
    let mut decompressor = Decompressor::new().map_err(failed)?;
    decompressor.set_scan_limit(MAX_SCANS).map_err(failed)?;
    let scale = ScalingFactor::new(1, usize::from(plan.shrink.max(1)));
    decompressor.set_scaling_factor(scale).map_err(failed)?;
    let seen = decompressor.read_header(source).map_err(failed)?;
    // The decoder and our walk over the markers must mean the same picture: the limits were held to ours.
    if (seen.width, seen.height) != (header.width as usize, header.height as usize) {
        return Err(ImageError::damaged(Format::Jpeg, "it has two headers that differ"));
    }
    let (layout, format) = match seen.colorspace {
        turbojpeg::Colorspace::Gray => (Layout::Gray, PixelFormat::GRAY),
        turbojpeg::Colorspace::CMYK | turbojpeg::Colorspace::YCCK => (Layout::Cmyk, PixelFormat::CMYK),
        _ => (Layout::Rgb, PixelFormat::RGB),
    };
    let (width, height) = (scale.scale(seen.width), scale.scale(seen.height));
    let pitch = width * layout.bytes();
    let mut data = vec![0; pitch * height];
    let image = Image { pixels: data.as_mut_slice(), width, pitch, height, format };
    match decompressor.decompress(source, image) {
        Ok(()) => {}
        // Bytes between markers that mean nothing, and fields of no use for pixels, do no harm.
        Err(turbojpeg::Error::TurboJpegError(text)) if is_harmless(&text) => {}
        Err(error) => return Err(failed(error)),
    }
    if layout == Layout::Cmyk && probe::is_adobe(source) {
        data.iter_mut().for_each(|ink| *ink = 255 - *ink);
    }
    let narrow = |side: usize| u32::try_from(side).unwrap_or(0);
    let raster = Raster::new(narrow(width), narrow(height), layout, data)
        .ok_or_else(|| ImageError::damaged(Format::Jpeg, "it has no pixels"))?;
    Ok((raster, probe::jpeg_profile(source).map_or(Meaning::Srgb, Meaning::Profile)))
}

fn is_harmless(warning: &str) -> bool {
    warning.contains("extraneous bytes before marker") || warning.contains("Adobe color transform code")
}
