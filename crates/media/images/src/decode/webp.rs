//! WebP: stills by libwebp, animations by a decoder in Rust that hands out one frame at a time.

use std::io::Cursor;

use image_webp::{LoopCount, WebPDecoder};

use super::{Frame, Sink};
use crate::color::Meaning;
use crate::limits::Watch;
use crate::plan::Plan;
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError, probe};

fn meaning(source: &[u8]) -> Meaning {
    probe::webp_profile(source).map_or(Meaning::Srgb, Meaning::Profile)
}

pub(super) fn decode(source: &[u8]) -> Result<(Raster, Meaning), ImageError> {
    let broken = || ImageError::damaged(Format::WebP, "its picture cannot be decoded");
    let image = webp::Decoder::new(source).decode().ok_or_else(broken)?;
    let layout = if image.is_alpha() { Layout::Rgba } else { Layout::Rgb };
    let raster = Raster::new(image.width(), image.height(), layout, image.to_vec()).ok_or_else(broken)?;
    Ok((raster, meaning(source)))
}

pub(super) fn decode_animation(source: &[u8], plan: &Plan, watch: &Watch, sink: Sink<'_>) -> Result<u32, ImageError> {
    let failed = |error: image_webp::DecodingError| ImageError::damaged(Format::WebP, error);
    let mut decoder = WebPDecoder::new(Cursor::new(source)).map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if !decoder.is_animated() || (width, height) != (plan.header.width, plan.header.height) {
        return Err(ImageError::damaged(Format::WebP, "its chunks do not fit together"));
    }
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let meaning = meaning(source);
    let bytes = width as usize * height as usize * layout.bytes();
    for index in 0..decoder.num_frames() {
        watch.check()?;
        let mut data = vec![0; bytes];
        let delay_ms = decoder.read_frame(&mut data).map_err(failed)?;
        if plan.frames.contains(&index) {
            let raster = Raster::new(width, height, layout, data);
            let raster = raster.ok_or_else(|| ImageError::damaged(Format::WebP, "it has no pixels"))?;
            sink(Frame { raster, meaning: meaning.clone(), delay_ms, index })?;
        }
        if plan.frames.last().is_some_and(|last| *last <= index) {
            break;
        }
    }
    Ok(match decoder.loop_count() {
        LoopCount::Forever => 0,
        LoopCount::Times(times) => u32::from(times.get()),
    })
}
