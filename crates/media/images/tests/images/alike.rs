//! Whether two pictures look the same: structure, colours and opacity, over all of them and in each small square.

use doorstep_images::{Layout, Raster};

use crate::scene::ssim;

/// How far a picture may be from its reference.
pub(crate) struct Within {
    /// Structural similarity of the brightness, at least; 1 is the same.
    pub(crate) ssim: f64,
    /// Mean difference of a channel, at most, of 255. Colours count as far as they are opaque.
    pub(crate) color: f64,
    /// The same in the worst square of eight pixels.
    pub(crate) square: f64,
    /// Mean difference of opacity, at most, of 255.
    pub(crate) alpha: f64,
}

impl Within {
    /// What our own code may change without a word: the last bits of a filter on another processor.
    pub(crate) const OWN: Self = Self { ssim: 0.985, color: 0.8, square: 4.0, alpha: 0.4 };
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Distance {
    pub(crate) ssim: f64,
    pub(crate) color: f64,
    pub(crate) square: f64,
    pub(crate) alpha: f64,
}

/// Measures; pictures of different sizes cannot be.
pub(crate) fn distance(a: &Raster, b: &Raster) -> Result<Distance, String> {
    if a.size() != b.size() {
        return Err(format!("{:?} is not the size {:?}", a.size(), b.size()));
    }
    let (width, height) = (a.width as usize, a.height as usize);
    let (pa, pb) = (pixels(a), pixels(b));
    let apart = |at: usize| {
        let part = |p: &[u8; 4], channel: usize| f64::from(p[channel]) * f64::from(p[3]) / 255.0;
        let color = (0..3).map(|channel| (part(&pa[at], channel) - part(&pb[at], channel)).abs()).sum::<f64>() / 3.0;
        (color, f64::from(pa[at][3].abs_diff(pb[at][3])))
    };
    let apart: Vec<(f64, f64)> = (0..pa.len()).map(apart).collect();
    let count = apart.len() as f64;
    let side = 8.min(width).min(height);
    let mut square = 0.0_f64;
    for top in (0..=height - side).step_by(2) {
        for left in (0..=width - side).step_by(2) {
            let rows = (top..top + side).flat_map(|y| &apart[y * width + left..y * width + left + side]);
            let sum: f64 = rows.map(|(color, alpha)| color.max(*alpha)).sum();
            square = square.max(sum / (side * side) as f64);
        }
    }
    let on_gray = |raster: &Raster| raster.clone().colored().with_alpha().flattened([128; 3]);
    Ok(Distance {
        ssim: ssim(&on_gray(a), &on_gray(b)),
        color: apart.iter().map(|(color, _)| color).sum::<f64>() / count,
        square,
        alpha: apart.iter().map(|(_, alpha)| alpha).sum::<f64>() / count,
    })
}

/// An error that says how far they are apart, when that is too far.
pub(crate) fn alike(found: &Raster, wanted: &Raster, within: &Within) -> Result<Distance, String> {
    let far = distance(found, wanted)?;
    let same = far.ssim >= within.ssim
        && far.color <= within.color
        && far.square <= within.square
        && far.alpha <= within.alpha;
    if same { Ok(far) } else { Err(format!("{far:.4?}")) }
}

fn pixels(raster: &Raster) -> Vec<[u8; 4]> {
    let pixel = |p: &[u8]| match raster.layout {
        Layout::Gray => [p[0], p[0], p[0], 255],
        Layout::GrayAlpha => [p[0], p[0], p[0], p[1]],
        Layout::Rgb => [p[0], p[1], p[2], 255],
        _ => [p[0], p[1], p[2], p[3]],
    };
    raster.data.chunks_exact(raster.layout.bytes()).map(pixel).collect()
}
