//! Where a picture is interesting: edges, strong colours and skin, summed up over every possible rectangle.
//!
//! The weights are those that the smartcrop family of programs has settled on; the search here is exhaustive, by a
//! table of sums over a small copy.

use crate::orientation::Orientation;
use crate::plan::{Rect, Resample};
use crate::raster::Raster;
use crate::{ImageError, resample};

/// The longer side of the copy that is looked at.
const LOOK: u32 = 200;

/// The most interesting rectangle of this size, which must fit.
pub(super) fn best(raster: &Raster, (width, height): (u32, u32)) -> Result<Rect, ImageError> {
    let (all_w, all_h) = raster.size();
    let (width, height) = (width.min(all_w), height.min(all_h));
    let longer = all_w.max(all_h);
    let scale = |side: u32| (u64::from(side) * u64::from(LOOK.min(longer)) / u64::from(longer)).max(1);
    let side = |length: u32| u32::try_from(scale(length)).unwrap_or(1);
    let (w, h) = (side(all_w), side(all_h));
    let pass = Resample {
        clip: Rect::whole((all_w, all_h)),
        scaled: (w, h),
        keep: Rect::whole((w, h)),
        turn: Orientation::UPRIGHT,
    };
    let small = resample::resample(raster.clone(), &pass, 1)?.with_alpha();
    let sums = Sums::of(&small);
    let (cw, ch) = (side(width).min(w), side(height).min(h));
    let (mut best, mut most) = ((0, 0), f64::MIN);
    for y in 0..=h - ch {
        for x in 0..=w - cw {
            // Among equals the middle wins: a little is taken off for the distance.
            let off = |at: u32, room: u32| if room == 0 { 0.0 } else { (f64::from(at) / f64::from(room) - 0.5).abs() };
            let score = sums.within(x, y, cw, ch) * (1.0 - 0.1 * (off(x, w - cw) + off(y, h - ch)));
            if score > most + 1e-9 {
                (best, most) = ((x, y), score);
            }
        }
    }
    let place = |at: u32, room: u32, full: u32| {
        if room == 0 { full / 2 } else { u32::try_from(u64::from(at) * u64::from(full) / u64::from(room)).unwrap_or(0) }
    };
    let (x, y) = (place(best.0, w - cw, all_w - width), place(best.1, h - ch, all_h - height));
    Ok(Rect { x, y, width, height })
}

/// A table of sums of interest.
struct Sums {
    width: usize,
    table: Vec<f64>,
}

impl Sums {
    fn of(raster: &Raster) -> Self {
        let (w, h) = (raster.width as usize, raster.height as usize);
        let width = w + 1;
        let mut table = vec![0.0; width * (h + 1)];
        for y in 0..h {
            let mut row = 0.0;
            for x in 0..w {
                row += interest(raster, x, y);
                table[(y + 1) * width + x + 1] = table[y * width + x + 1] + row;
            }
        }
        Self { width, table }
    }

    fn within(&self, x: u32, y: u32, w: u32, h: u32) -> f64 {
        let at = |x: u32, y: u32| self.table[y as usize * self.width + x as usize];
        at(x + w, y + h) - at(x, y + h) - at(x + w, y) + at(x, y)
    }
}

fn luma(pixel: &[u8]) -> f64 {
    0.299 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2])
}

fn interest(raster: &Raster, x: usize, y: usize) -> f64 {
    let (w, h) = (raster.width as usize, raster.height as usize);
    let at = |x: usize, y: usize| &raster.data[(y.min(h - 1) * w + x.min(w - 1)) * 4..][..4];
    let pixel = at(x, y);
    if pixel[3] < 16 {
        return 0.0;
    }
    let middle = luma(pixel);
    let around = [at(x.saturating_sub(1), y), at(x + 1, y), at(x, y.saturating_sub(1)), at(x, y + 1)];
    let edge = (4.0 * middle - around.iter().map(|p| luma(p)).sum::<f64>()).abs() / 255.0;
    let rgb = [0, 1, 2].map(|c: usize| f64::from(pixel[c]) / 255.0);
    let (most, least) = (rgb[0].max(rgb[1]).max(rgb[2]), rgb[0].min(rgb[1]).min(rgb[2]));
    let light = (most + least) / 2.0;
    let saturation =
        if most - least < 1e-6 { 0.0 } else { (most - least) / (1.0 - (2.0 * light - 1.0).abs()).max(0.1) };
    let strong = if (0.05..0.9).contains(&light) && saturation > 0.4 { (saturation - 0.4) / 0.6 } else { 0.0 };
    // The direction of a colour, compared with that of skin.
    let length = rgb.iter().map(|c| c * c).sum::<f64>().sqrt();
    let skin = if length < 1e-6 {
        0.0
    } else {
        let away =
            [0.78, 0.57, 0.44].iter().zip(rgb).map(|(s, c)| (c / length - s / 1.061).powi(2)).sum::<f64>().sqrt();
        if away < 0.2 && (0.2..0.95).contains(&light) { 1.0 - away / 0.2 } else { 0.0 }
    };
    0.4 * edge.min(1.0) + 0.3 * strong.min(1.0) + 1.8 * skin * 0.5 + 0.001
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Layout;

    #[test]
    fn what_stands_out_is_kept() {
        for at in [20_u32, 150, 260] {
            let mut raster = Raster::filled(400, 100, Layout::Rgb, &[128; 3]);
            for y in 30..70 {
                for x in at..at + 60 {
                    let color: [u8; 3] = if (x / 4 + y / 4) % 2 == 0 { [220, 30, 30] } else { [30, 30, 220] };
                    raster.data[((y * 400 + x) * 3) as usize..][..3].copy_from_slice(&color);
                }
            }
            let rect = best(&raster, (100, 100)).expect("fits");
            assert!(rect.x <= at && rect.x + rect.width >= at + 60, "{at}: {rect:?}");
        }
        let flat = Raster::filled(300, 100, Layout::Rgb, &[128; 3]);
        assert_eq!(best(&flat, (100, 100)).expect("fits").x.abs_diff(100).max(3), 3);
    }
}
