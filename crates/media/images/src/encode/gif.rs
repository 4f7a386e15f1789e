//! GIF: each frame whole, with a palette of its own.

use ::gif::{DisposalMethod, Encoder, Frame, Repeat};

use super::Picture;
use crate::limits::Watch;
use crate::{Format, ImageError};

/// From 1 (careful) to 30 (fast) when choosing colours.
const SPEED: i32 = 10;

pub(super) fn encode(frames: &[Picture], loops: u32, watch: &Watch) -> Result<Vec<u8>, ImageError> {
    let failed = |error: ::gif::EncodingError| ImageError::encode(Format::Gif, error);
    let too_large = || ImageError::encode(Format::Gif, "a side has at most 65535 pixels");
    let Some(first) = frames.first() else { return Err(ImageError::encode(Format::Gif, "there is no frame")) };
    let width = u16::try_from(first.raster.width).map_err(|_| too_large())?;
    let height = u16::try_from(first.raster.height).map_err(|_| too_large())?;
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height, &[]).map_err(failed)?;
    if frames.len() > 1 {
        // GIF counts the repetitions after the first time.
        let repeat = match loops {
            0 => Some(Repeat::Infinite),
            1 => None,
            times => Some(Repeat::Finite(u16::try_from(times - 1).unwrap_or(u16::MAX))),
        };
        if let Some(repeat) = repeat {
            encoder.set_repeat(repeat).map_err(failed)?;
        }
    }
    for picture in frames {
        watch.check()?;
        let mut raster = picture.raster.clone().with_alpha();
        // A pixel is there or it is not.
        raster.data.chunks_exact_mut(4).for_each(|pixel| pixel[3] = if pixel[3] < 128 { 0 } else { 255 });
        let transparent = raster.is_transparent();
        let mut frame = Frame::from_rgba_speed(width, height, &mut raster.data, SPEED);
        frame.delay = u16::try_from((picture.delay_ms + 5) / 10).unwrap_or(u16::MAX);
        frame.dispose = if transparent { DisposalMethod::Background } else { DisposalMethod::Keep };
        encoder.write_frame(&frame).map_err(failed)?;
    }
    drop(encoder);
    Ok(out)
}
