//! Turning by any angle, with the neighbours mixed by distance and opacity multiplied in.

use super::ROWS_PER_LOOK;
use crate::ImageError;
use crate::limits::Watch;
use crate::plan::turned_size;
use crate::raster::{Layout, Raster};

/// Turns clockwise around the middle; the outcome is the box around it, transparent at its corners.
pub(super) fn rotate(raster: Raster, degrees: u16, watch: &Watch) -> Result<Raster, ImageError> {
    let (width, height) = turned_size(raster.size(), degrees);
    let source = raster.with_alpha();
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    let half = |side: u32| f64::from(side) / 2.0;
    let mut data = vec![0; width as usize * height as usize * 4];
    for (y, row) in data.chunks_exact_mut(width as usize * 4).enumerate() {
        if y % ROWS_PER_LOOK == 0 {
            watch.check()?;
        }
        #[allow(clippy::cast_precision_loss, reason = "rows are far below 2^52")]
        let dy = y as f64 + 0.5 - half(height);
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "columns are far below 2^52")]
            let dx = x as f64 + 0.5 - half(width);
            // Back by the angle, to the middle of a pixel of the source.
            let sx = dx * cos + dy * sin + half(source.width) - 0.5;
            let sy = dy * cos - dx * sin + half(source.height) - 0.5;
            pixel.copy_from_slice(&sample(&source, sx, sy));
        }
    }
    Ok(Raster { width, height, layout: Layout::Rgba, data })
}

/// The four pixels around a point, mixed. Outside of the picture there is nothing.
fn sample(source: &Raster, x: f64, y: f64) -> [u8; 4] {
    let (left, top) = (x.floor(), y.floor());
    if left < -1.0 || top < -1.0 || left >= f64::from(source.width) || top >= f64::from(source.height) {
        return [0; 4];
    }
    let (fx, fy) = (x - left, y - top);
    let mut sum = [0.0; 4];
    for (oy, wy) in [(0.0, 1.0 - fy), (1.0, fy)] {
        for (ox, wx) in [(0.0, 1.0 - fx), (1.0, fx)] {
            let (px, py) = (left + ox, top + oy);
            if px < 0.0 || py < 0.0 || px >= f64::from(source.width) || py >= f64::from(source.height) {
                continue;
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside of the picture")]
            let pixel = source.pixel(px as u32, py as u32);
            let alpha = f64::from(pixel[3]) * wx * wy;
            for (sum, value) in sum.iter_mut().zip(&pixel[..3]) {
                *sum += f64::from(*value) * alpha;
            }
            sum[3] += alpha;
        }
    }
    let byte = |value: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of bytes")]
        let byte = value.round().clamp(0.0, 255.0) as u8;
        byte
    };
    if sum[3] <= 0.0 {
        return [0; 4];
    }
    [byte(sum[0] / sum[3]), byte(sum[1] / sum[3]), byte(sum[2] / sum[3]), byte(sum[3])]
}
