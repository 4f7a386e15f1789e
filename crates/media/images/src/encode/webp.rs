//! WebP by libwebp, still and animated.

use webp::{AnimEncoder, AnimFrame, PixelLayout, WebPConfig};

use super::{Picture, trimmed};
use crate::raster::Layout;
use crate::raster::Raster;
use crate::{Format, ImageError};

fn config(quality: u8) -> Result<WebPConfig, ImageError> {
    let mut config = WebPConfig::new().map_err(|()| ImageError::encode(Format::WebP, "libwebp has another version"))?;
    config.quality = f32::from(quality);
    config.method = METHOD;
    Ok(config)
}

/// libwebp's own default between speed (0) and size (6).
const METHOD: i32 = 4;

pub(super) fn encode(raster: &Raster, quality: u8) -> Result<Vec<u8>, ImageError> {
    let raster = colored(trimmed(raster).into_owned());
    let layout = if raster.layout == Layout::Rgba { PixelLayout::Rgba } else { PixelLayout::Rgb };
    let encoder = webp::Encoder::new(&raster.data, layout, raster.width, raster.height);
    let bytes = encoder.encode_advanced(&config(quality)?);
    bytes.map(|memory| memory.to_vec()).map_err(|error| ImageError::encode(Format::WebP, format!("{error:?}")))
}

fn colored(raster: Raster) -> Raster {
    if raster.layout == Layout::Gray { raster.colored() } else { raster }
}

pub(super) fn encode_animation(frames: &[Picture], loops: u32, quality: u8) -> Result<Vec<u8>, ImageError> {
    let failed = |reason: String| ImageError::encode(Format::WebP, reason);
    let config = config(quality)?;
    let rasters: Vec<Raster> = frames.iter().map(|frame| frame.raster.clone().with_alpha()).collect();
    let Some(first) = rasters.first() else { return Err(failed("there is no frame".to_owned())) };
    let mut encoder = AnimEncoder::new(first.width, first.height, &config);
    encoder.set_bgcolor([0; 4]);
    encoder.set_loop_count(i32::try_from(loops).unwrap_or(0));
    let mut at_ms: i32 = 0;
    for (raster, frame) in rasters.iter().zip(frames) {
        encoder.add_frame(AnimFrame::from_rgba(&raster.data, raster.width, raster.height, at_ms));
        at_ms = at_ms.saturating_add(i32::try_from(frame.delay_ms).unwrap_or(i32::MAX));
    }
    let memory = encoder.try_encode().map_err(|error| failed(format!("{error:?}")))?;
    let mut bytes = memory.to_vec();
    // libwebp is not told when the last frame ends and takes the mean of the others.
    if let Some(last) = frames.last() {
        set_last_duration(&mut bytes, last.delay_ms);
    }
    Ok(bytes)
}

/// Writes the duration of the last frame where the container keeps it.
fn set_last_duration(bytes: &mut [u8], delay_ms: u32) {
    let (mut at, mut last) = (12_usize, None);
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        if &head[..4] == b"ANMF" {
            last = Some(at + 8 + 12);
        }
        at += 8 + length + length % 2;
    }
    if let Some(field) = last.and_then(|at| bytes.get_mut(at..at + 3)) {
        field.copy_from_slice(&delay_ms.min(0xff_ffff).to_le_bytes()[..3]);
    }
}
