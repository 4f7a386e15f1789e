//! Laying a text or a picture over another, once or all over.

use super::{Tools, rotate, text};
use crate::pipeline::{Drawing, Fit, Resize, Watermark};
use crate::raster::{Layout, Raster};
use crate::{ImageError, process};

/// Space between tiles, in parts of a tile's height.
const GAP_DIVISOR: u32 = 2;

/// Draws a watermark.
pub(super) fn draw(base: Raster, mark: &Watermark, tools: &Tools<'_>) -> Result<Raster, ImageError> {
    let mut over = match &mark.drawing {
        Drawing::Text { text, font, size, color, shadow } => {
            // A turned line may need the diagonal.
            let room = (base.width + base.height).min(8192);
            text::line(text, font.as_deref(), *size, *color, *shadow, (room, room))?
        }
        Drawing::Picture { source, scale } => picture(source, *scale, base.width, tools)?,
    };
    if !mark.rotate.is_multiple_of(360) {
        over = rotate::rotate(over, mark.rotate, tools.watch)?;
    }
    let mut base = match base.layout {
        Layout::Rgb | Layout::Rgba => base,
        _ => base.colored(),
    };
    if !mark.tiled {
        let corner = mark.place.corner(over.size(), base.size());
        lay(&mut base, &over, corner, mark.opacity);
        return Ok(base);
    }
    let gap = (over.height / GAP_DIVISOR).max(1);
    let step = (i64::from(over.width + gap), i64::from(over.height + gap));
    let mut y = i64::from(mark.place.y);
    // Every second row begins half a tile to the left, as bricks do.
    let mut odd = false;
    while y < i64::from(base.height) {
        tools.watch.check()?;
        let mut x = i64::from(mark.place.x) - if odd { step.0 / 2 } else { 0 };
        while x < i64::from(base.width) {
            lay(&mut base, &over, (x, y), mark.opacity);
            x += step.0;
        }
        y += step.1;
        odd = !odd;
    }
    Ok(base)
}

fn picture(source: &str, scale: u16, below: u32, tools: &Tools<'_>) -> Result<Raster, ImageError> {
    let failed = |reason: String| ImageError::Overlay { source_ref: source.chars().take(128).collect(), reason };
    let bytes = (tools.fetch)(source).map_err(failed)?;
    let resize = (scale > 0).then(|| {
        let width = u64::from(below) * u64::from(scale) / 100;
        Resize::new(Fit::Width(u32::try_from(width.max(1)).unwrap_or(u32::MAX)))
    });
    let over = process::still(&bytes, resize, tools.limits, tools.watch).map_err(|error| match error {
        error @ ImageError::Deadline { .. } => error,
        error => failed(error.to_string()),
    })?;
    Ok(over.with_alpha())
}

/// Lays one picture over another, wherever they overlap.
fn lay(base: &mut Raster, over: &Raster, (left, top): (i64, i64), opacity: u8) {
    let (bytes, stride) = (base.layout.bytes(), base.stride());
    let clip = |start: i64, length: u32, all: u32| {
        let (from, to) = (start.max(0), (start + i64::from(length)).min(i64::from(all)));
        (from < to).then_some((from, to))
    };
    let Some((x0, x1)) = clip(left, over.width, base.width) else { return };
    let Some((y0, y1)) = clip(top, over.height, base.height) else { return };
    let index = |value: i64| usize::try_from(value).unwrap_or(0);
    for y in y0..y1 {
        let to = &mut base.data[index(y) * stride + index(x0) * bytes..index(y) * stride + index(x1) * bytes];
        let from = &over.data[index(y - top) * over.stride() + index(x0 - left) * 4..];
        for (to, from) in to.chunks_exact_mut(bytes).zip(from.chunks_exact(4)) {
            blend(to, from, opacity);
        }
    }
}

/// Porter and Duff's "over" on colours that are not multiplied with their opacity.
fn blend(to: &mut [u8], from: &[u8], opacity: u8) {
    let alpha = (u32::from(from[3]) * u32::from(opacity) + 50) / 100;
    if alpha == 0 {
        return;
    }
    let below = to.get(3).map_or(255, |alpha| u32::from(*alpha));
    // Both in parts of 255².
    let (over, under) = (alpha * 255, below * (255 - alpha));
    let sum = over + under;
    for (to, from) in to[..3].iter_mut().zip(from) {
        *to = u8::try_from((u32::from(*from) * over + u32::from(*to) * under + sum / 2) / sum).unwrap_or(255);
    }
    if let Some(alpha) = to.get_mut(3) {
        *alpha = u8::try_from((sum + 127) / 255).unwrap_or(255);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_is_over() {
        let mut opaque = [100, 100, 100];
        blend(&mut opaque, &[200, 0, 100, 255], 50);
        assert_eq!(opaque, [150, 50, 100]);
        let mut clear = [9, 9, 9, 0];
        blend(&mut clear, &[200, 0, 100, 128], 100);
        assert_eq!(clear, [200, 0, 100, 128]);
        let mut base = Raster::filled(4, 4, Layout::Rgb, &[0; 3]);
        let over = Raster::filled(3, 3, Layout::Rgba, &[255; 4]);
        lay(&mut base, &over, (-2, 2), 100);
        assert_eq!(base.data.chunks_exact(3).filter(|p| p[0] == 255).count(), 2);
        lay(&mut base, &over, (100, -100), 100);
    }
}
