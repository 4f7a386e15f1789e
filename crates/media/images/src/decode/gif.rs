//! GIF: each picture is laid on the screen, and the screen is cleared as the picture before says.

use ::gif::{ColorOutput, DecodeOptions, DisposalMethod, MemoryLimit, Repeat};

use super::{Frame, Sink};
use crate::color::Meaning;
use crate::limits::Watch;
use crate::plan::Plan;
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

pub(super) fn decode(source: &[u8], plan: &Plan, watch: &Watch, sink: Sink<'_>) -> Result<u32, ImageError> {
    let failed = |error: ::gif::DecodingError| ImageError::damaged(Format::Gif, error);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    // A picture is no larger than the screen, which the plan has counted; a crafted one may say so.
    options
        .set_memory_limit(MemoryLimit::Bytes(std::num::NonZeroU64::new(1 << 29).unwrap_or(std::num::NonZeroU64::MIN)));
    let mut decoder = options.read_info(source).map_err(failed)?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    let mut screen = Raster::filled(width, height, Layout::Rgba, &[0; 4]);
    let mut index = 0;
    let last = plan.frames.last().copied().unwrap_or(0);
    let mut shown = 0;
    while index <= last {
        watch.check()?;
        let frame = match decoder.read_next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            // Half an animation is still one; half a first picture is not.
            Err(_) if shown > 0 => break,
            Err(error) => return Err(failed(error)),
        };
        let area = Area {
            left: frame.left.into(),
            top: frame.top.into(),
            width: frame.width.into(),
            height: frame.height.into(),
        };
        let before = (frame.dispose == DisposalMethod::Previous).then(|| screen.clone());
        draw(&mut screen, &area, Some(&frame.buffer));
        let dispose = frame.dispose;
        if plan.frames.contains(&index) {
            // Browsers take no time at all for a tenth of a second.
            let delay_ms = if frame.delay < 2 { 100 } else { u32::from(frame.delay) * 10 };
            sink(Frame { raster: screen.clone(), meaning: Meaning::Srgb, delay_ms, index })?;
            shown += 1;
        }
        match (dispose, before) {
            (DisposalMethod::Background, _) => draw(&mut screen, &area, None),
            (DisposalMethod::Previous, Some(before)) => screen = before,
            _ => {}
        }
        index += 1;
    }
    if shown == 0 {
        return Err(ImageError::damaged(Format::Gif, "there is no picture in it"));
    }
    Ok(match decoder.repeat() {
        Repeat::Infinite => 0,
        Repeat::Finite(0) => 1,
        Repeat::Finite(times) => u32::from(times) + 1,
    })
}

struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// Lays pixels on the screen where they are not transparent, or clears the area without any.
fn draw(screen: &mut Raster, area: &Area, pixels: Option<&[u8]>) {
    let stride = screen.stride();
    for row in 0..area.height.min((screen.height as usize).saturating_sub(area.top)) {
        let width = area.width.min((screen.width as usize).saturating_sub(area.left));
        let start = (area.top + row) * stride + area.left * 4;
        let Some(to) = screen.data.get_mut(start..start + width * 4) else { return };
        let from = pixels.map(|pixels| pixels.get(row * area.width * 4..).unwrap_or(&[]));
        match from {
            None => to.fill(0),
            Some(from) => {
                for (to, from) in to.chunks_exact_mut(4).zip(from.chunks_exact(4)).filter(|(_, from)| from[3] > 0) {
                    to.copy_from_slice(from);
                }
            }
        }
    }
}
