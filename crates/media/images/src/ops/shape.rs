//! Round corners, circles and room around a picture.

use crate::pipeline::Color;
use crate::raster::{Layout, Raster};

/// Makes what lies outside of round corners transparent, with smooth edges. The radius is at most half the shorter
/// side; a square with that radius is a circle.
pub(super) fn rounded(raster: Raster, radius: u32) -> Raster {
    let mut raster = raster.with_alpha();
    let (width, height) = (f64::from(raster.width), f64::from(raster.height));
    let radius = f64::from(radius).min(width / 2.0).min(height / 2.0);
    let row_bytes = raster.stride();
    for (y, row) in raster.data.chunks_exact_mut(row_bytes).enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "rows are far below 2^52")]
        let y = y as f64 + 0.5;
        // How far into the corner's square this row is, from the square's inner edge.
        let dy = (radius - y).max(y - (height - radius)).max(0.0);
        if dy == 0.0 {
            continue;
        }
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "columns are far below 2^52")]
            let x = x as f64 + 0.5;
            let dx = (radius - x).max(x - (width - radius)).max(0.0);
            if dx > 0.0 {
                let inside = (radius - dx.hypot(dy) + 0.5).clamp(0.0, 1.0);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a byte")]
                let alpha = (f64::from(pixel[3]) * inside).round() as u8;
                pixel[3] = alpha;
            }
        }
    }
    raster
}

/// Puts room around a picture.
pub(super) fn extend(raster: &Raster, [left, top, right, bottom]: [u32; 4], color: Color) -> Raster {
    let raster = raster.clone();
    let needs_alpha = color.rgba[3] < 255;
    let inner = match raster.layout {
        Layout::Rgb if !needs_alpha => raster,
        _ => raster.with_alpha(),
    };
    let (width, height) = (inner.width + left + right, inner.height + top + bottom);
    let mut out = Raster::filled(width, height, inner.layout, &color.rgba);
    paste(&mut out, &inner, left, top);
    out
}

/// Replaces pixels by those of a smaller picture of the same kind that lies inside.
pub(super) fn paste(whole: &mut Raster, part: &Raster, x: u32, y: u32) {
    let (bytes, stride) = (whole.layout.bytes(), whole.stride());
    let start = x as usize * bytes;
    let rows = whole.data.chunks_exact_mut(stride).skip(y as usize);
    for (to, from) in rows.zip(part.data.chunks_exact(part.stride())) {
        to[start..start + from.len()].copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_cut_and_edges_are_smooth() {
        let round = rounded(Raster::filled(20, 10, Layout::Rgb, &[9; 3]), 4);
        assert_eq!(round.pixel(0, 0)[3], 0);
        assert_eq!(round.pixel(19, 9)[3], 0);
        assert_eq!(round.pixel(10, 0)[3], 255);
        assert_eq!(round.pixel(0, 5)[3], 255);
        let circle = rounded(Raster::filled(21, 21, Layout::Rgb, &[9; 3]), u32::MAX);
        let area: u32 = circle.data.chunks_exact(4).map(|p| u32::from(p[3])).sum();
        let expected = std::f64::consts::PI * 10.5 * 10.5 * 255.0;
        assert!((f64::from(area) / expected - 1.0).abs() < 0.01, "{area} {expected}");
    }

    #[test]
    fn room_has_the_colour() {
        let out = extend(&Raster::filled(2, 2, Layout::Rgb, &[1, 2, 3]), [1, 0, 0, 2], Color::rgb(9, 8, 7));
        assert_eq!((out.size(), out.pixel(0, 0), out.pixel(1, 0)), ((3, 4), &[9, 8, 7][..], &[1, 2, 3][..]));
        assert_eq!(extend(&out, [1; 4], Color::CLEAR).pixel(0, 0), [0; 4]);
    }
}
