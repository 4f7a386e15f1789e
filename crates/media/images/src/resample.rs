//! One pass of geometry over pixels, with Lanczos and opacity multiplied in.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::ImageError;
use crate::plan::{Rect, Resample};
use crate::raster::{Layout, Raster};

/// Carries out a pass. `shrink` is what the decoder has already divided both sides of the planned input by.
pub(crate) fn resample(raster: Raster, pass: &Resample, shrink: u8) -> Result<Raster, ImageError> {
    let shrink = u32::from(shrink.max(1));
    let clip = shrunk(pass.clip, shrink, raster.size());
    if clip.size() == pass.scaled {
        let keep = Rect { x: clip.x + pass.keep.x, y: clip.y + pass.keep.y, ..pass.keep };
        return Ok(if keep == Rect::whole(raster.size()) { raster } else { raster.cut(keep) }.turned(pass.turn));
    }
    // A part is cut out first, so that nothing outside of it bleeds in at its edges.
    let source = if clip == Rect::whole(raster.size()) { raster } else { raster.cut(clip) };
    let pixel = match source.layout {
        Layout::Gray => PixelType::U8,
        Layout::GrayAlpha => PixelType::U8x2,
        Layout::Rgb => PixelType::U8x3,
        Layout::Rgba | Layout::Cmyk => PixelType::U8x4,
    };
    // The part of the source that becomes what is kept, in fractions of a pixel. A shrunk source is a little larger
    // than the exact quotient where that is no whole number.
    let exact = |length: u32| f64::from(length) / f64::from(shrink);
    let part = |keep: u32, scaled: u32, clip: u32, have: u32| {
        (f64::from(keep) / f64::from(scaled) * exact(clip)).min(f64::from(have))
    };
    let left = part(pass.keep.x, pass.scaled.0, pass.clip.width, source.width);
    let top = part(pass.keep.y, pass.scaled.1, pass.clip.height, source.height);
    let width = part(pass.keep.width, pass.scaled.0, pass.clip.width, source.width).min(f64::from(source.width) - left);
    let height =
        part(pass.keep.height, pass.scaled.1, pass.clip.height, source.height).min(f64::from(source.height) - top);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .use_alpha(source.layout.has_alpha())
        .crop(left, top, width, height);
    let failed = |error: &dyn std::fmt::Display| ImageError::Step {
        command: "thumbnail",
        problem: error.to_string(),
        fix: "ask for a larger size",
    };
    let view = ImageRef::new(source.width, source.height, &source.data, pixel).map_err(|e| failed(&e))?;
    let (width, height) = pass.keep.size();
    let mut out = Image::new(width, height, pixel);
    Resizer::new().resize(&view, &mut out, &options).map_err(|e| failed(&e))?;
    Ok(Raster { width, height, layout: source.layout, data: out.into_vec() }.turned(pass.turn))
}

/// A rectangle of the planned input in the shrunk one: every pixel that it touches.
fn shrunk(rect: Rect, shrink: u32, (width, height): (u32, u32)) -> Rect {
    let span = |start: u32, length: u32, all: u32| {
        let from = (start / shrink).min(all - 1);
        let to = (start + length).div_ceil(shrink).clamp(from + 1, all);
        (from, to - from)
    };
    let (x, width) = span(rect.x, rect.width, width);
    let (y, height) = span(rect.y, rect.height, height);
    Rect { x, y, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orientation::Orientation;

    fn pass(clip: Rect, scaled: (u32, u32), keep: Rect) -> Resample {
        Resample { clip, scaled, keep, turn: Orientation::UPRIGHT }
    }

    fn ramp(width: u32, height: u32) -> Raster {
        let data = (0..height).flat_map(|y| (0..width).map(move |x| u8::try_from((x * 5 + y * 3) % 256).unwrap_or(0)));
        Raster::new(width, height, Layout::Gray, data.collect()).expect("all pixels")
    }

    /// What is kept of a resized picture is what the whole resized picture has there.
    #[test]
    fn cutting_after_resizing_is_exact() {
        let source = ramp(64, 48);
        let whole = Rect::whole((64, 48));
        let all = resample(source.clone(), &pass(whole, (20, 15), Rect::whole((20, 15))), 1).expect("resizes");
        let keep = Rect { x: 3, y: 4, width: 11, height: 6 };
        let part = resample(source, &pass(whole, (20, 15), keep), 1).expect("resizes");
        for (a, b) in part.data.iter().zip(&all.cut(keep).data) {
            assert!(a.abs_diff(*b) <= 1, "{a} {b}");
        }
    }

    /// Transparent pixels have no colour to give.
    #[test]
    fn opacity_is_multiplied_in() {
        let mut source = Raster::filled(8, 8, Layout::Rgba, &[0, 255, 0, 0]);
        for pixel in source.data.chunks_exact_mut(4).step_by(2) {
            pixel.copy_from_slice(&[255, 0, 0, 255]);
        }
        let small = resample(source, &pass(Rect::whole((8, 8)), (2, 2), Rect::whole((2, 2))), 1).expect("resizes");
        for pixel in small.data.chunks_exact(4) {
            assert!(pixel[0] > 250 && pixel[1] < 5, "{pixel:?}");
        }
        // The first column of eight is opaque and the last is not, so the left is a little more so than the right.
        let sum: u32 = small.data.chunks_exact(4).map(|pixel| u32::from(pixel[3])).sum();
        assert!((500..=520).contains(&sum), "{sum}");
    }
}
