//! Blurring and sharpening. A wide bell is three running means, which cost the same at any width.

use super::ROWS_PER_LOOK;
use crate::ImageError;
use crate::limits::Watch;
use crate::pipeline::Kernel;
use crate::raster::{Layout, Raster};

/// Bells up to this deviation are computed as they are.
const NARROW_SIGMA: f32 = 6.0;

/// Blurs. A radius or a deviation of 0 follows from the other.
pub(super) fn blur(
    raster: Raster,
    kernel: Kernel,
    radius: u32,
    sigma: f32,
    watch: &Watch,
) -> Result<Raster, ImageError> {
    let sigma = if sigma > 0.0 { sigma } else { small(radius) / 2.0 };
    if sigma <= 0.0 {
        return Ok(raster);
    }
    let transparent = raster.layout == Layout::Rgba;
    let mut raster = if transparent { multiplied(raster) } else { raster };
    match kernel {
        Kernel::Box => means(&mut raster, if radius > 0 { radius } else { whole(sigma) }, watch)?,
        Kernel::Gaussian if sigma <= NARROW_SIGMA => {
            let radius = if radius > 0 { radius } else { whole(sigma * 3.0) };
            convolve(&mut raster, &bell(sigma, radius), watch)?;
        }
        Kernel::Gaussian => {
            for radius in mean_radii(sigma) {
                means(&mut raster, radius, watch)?;
            }
        }
    }
    Ok(if transparent { divided(raster) } else { raster })
}

/// Adds a part of the difference to the blurred picture.
pub(super) fn sharpen(
    raster: Raster,
    radius: u32,
    sigma: f32,
    amount: u16,
    watch: &Watch,
) -> Result<Raster, ImageError> {
    let soft = blur(raster.clone(), Kernel::Gaussian, radius, sigma, watch)?;
    let mut sharp = raster;
    let bytes = sharp.layout.bytes();
    let colors = bytes - usize::from(sharp.layout.has_alpha());
    let amount = i32::from(amount);
    for (sharp, soft) in sharp.data.chunks_exact_mut(bytes).zip(soft.data.chunks_exact(bytes)) {
        for (sharp, soft) in sharp[..colors].iter_mut().zip(soft) {
            let value = i32::from(*sharp) + (i32::from(*sharp) - i32::from(*soft)) * amount / 100;
            *sharp = u8::try_from(value.clamp(0, 255)).unwrap_or(255);
        }
    }
    Ok(sharp)
}

fn small(number: u32) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}

fn whole(number: f32) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let number = number.ceil().clamp(1.0, 10_000.0) as u32;
    number
}

fn byte(value: f32) -> u8 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
    let byte = (value + 0.5).clamp(0.0, 255.0) as u8;
    byte
}

/// One half of a bell and its middle, whose whole has the sum 1.
fn bell(sigma: f32, radius: u32) -> Vec<f32> {
    let half: Vec<f32> = (0..=radius).map(|x| (-(small(x) * small(x)) / (2.0 * sigma * sigma)).exp()).collect();
    let sum = half[0] + 2.0 * half[1..].iter().sum::<f32>();
    half.iter().map(|value| value / sum).collect()
}

/// The radii of three running means that together come closest to a bell's variance: each of radius r has
/// r (r + 1) / 3, and the larger radius is used as often as it takes.
fn mean_radii(sigma: f32) -> [u32; 3] {
    // Three means of width w have the deviation of the bell: w² = 4σ² + 1.
    let ideal = ((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) / 2.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let low = ideal.floor().clamp(1.0, 10_000.0) as u32;
    let variance = |larger: u32| (small(low) + small(2 * larger) / 3.0) * (small(low) + 1.0);
    let off = |larger: &u32| (variance(*larger) - sigma * sigma).abs();
    let larger = (0..=3).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0);
    [0, 1, 2].map(|turn| low + u32::from(turn < larger))
}

fn convolve(raster: &mut Raster, half: &[f32], watch: &Watch) -> Result<(), ImageError> {
    let (bytes, stride) = (raster.layout.bytes(), raster.stride());
    let (width, height) = (raster.width as usize, raster.height as usize);
    // Along rows: the row with its edges repeated, then a sum over shifted copies.
    let pad = half.len() - 1;
    let mut wide = vec![0.0_f32; (width + 2 * pad) * bytes];
    let mut sums = vec![0.0_f32; stride];
    for (y, row) in raster.data.chunks_exact_mut(stride).enumerate() {
        if y % ROWS_PER_LOOK == 0 {
            watch.check()?;
        }
        for x in 0..width + 2 * pad {
            let from = x.saturating_sub(pad).min(width - 1) * bytes;
            for c in 0..bytes {
                wide[x * bytes + c] = f32::from(row[from + c]);
            }
        }
        sums.fill(0.0);
        for (k, weight) in half.iter().enumerate() {
            let (a, b) = ((pad + k) * bytes, (pad - k) * bytes);
            let factor = if k == 0 { weight / 2.0 } else { *weight };
            for ((sum, right), left) in sums.iter_mut().zip(&wide[a..]).zip(&wide[b..]) {
                *sum += factor * (right + left);
            }
        }
        for (to, sum) in row.iter_mut().zip(&sums) {
            *to = byte(*sum);
        }
    }
    // Along columns: whole rows are added up.
    let source = raster.data.clone();
    let row = |y: usize| &source[y * stride..(y + 1) * stride];
    for (y, out) in raster.data.chunks_exact_mut(stride).enumerate() {
        if y % ROWS_PER_LOOK == 0 {
            watch.check()?;
        }
        sums.fill(0.0);
        for (k, weight) in half.iter().enumerate() {
            let (above, below) = (row(y.saturating_sub(k)), row((y + k).min(height - 1)));
            let factor = if k == 0 { weight / 2.0 } else { *weight };
            for ((sum, above), below) in sums.iter_mut().zip(above).zip(below) {
                *sum += factor * (f32::from(*above) + f32::from(*below));
            }
        }
        for (to, sum) in out.iter_mut().zip(&sums) {
            *to = byte(*sum);
        }
    }
    Ok(())
}

/// The mean of a square, by running sums; edges are repeated.
fn means(raster: &mut Raster, radius: u32, watch: &Watch) -> Result<(), ImageError> {
    let (bytes, stride) = (raster.layout.bytes(), raster.stride());
    let (width, height, radius) = (raster.width as usize, raster.height as usize, radius as usize);
    let count = u32::try_from(2 * radius + 1).unwrap_or(u32::MAX);
    let mean = |sum: u32| u8::try_from((sum + count / 2) / count).unwrap_or(255);
    let mut copy = vec![0; stride];
    for (y, row) in raster.data.chunks_exact_mut(stride).enumerate() {
        if y % ROWS_PER_LOOK == 0 {
            watch.check()?;
        }
        copy.copy_from_slice(row);
        for c in 0..bytes {
            let at = |x: usize| u32::from(copy[x.min(width - 1) * bytes + c]);
            let left = u32::try_from(radius).unwrap_or(0) * at(0);
            let mut sum = left + (0..=radius).map(at).sum::<u32>();
            for x in 0..width {
                row[x * bytes + c] = mean(sum);
                sum += at(x + radius + 1);
                sum -= at(x.saturating_sub(radius));
            }
        }
    }
    let source = raster.data.clone();
    let row = |y: usize| &source[y.min(height - 1) * stride..][..stride];
    let mut sums: Vec<u32> = row(0).iter().map(|v| u32::from(*v) * u32::try_from(radius).unwrap_or(0)).collect();
    for y in 0..=radius {
        sums.iter_mut().zip(row(y)).for_each(|(sum, v)| *sum += u32::from(*v));
    }
    for (y, out) in raster.data.chunks_exact_mut(stride).enumerate() {
        if y % ROWS_PER_LOOK == 0 {
            watch.check()?;
        }
        let (next, last) = (row(y + radius + 1), row(y.saturating_sub(radius)));
        for ((out, sum), (next, last)) in out.iter_mut().zip(&mut sums).zip(next.iter().zip(last)) {
            *out = mean(*sum);
            *sum = *sum + u32::from(*next) - u32::from(*last);
        }
    }
    Ok(())
}

fn multiplied(mut raster: Raster) -> Raster {
    for pixel in raster.data.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        for value in &mut pixel[..3] {
            *value = u8::try_from((u32::from(*value) * alpha + 127) / 255).unwrap_or(255);
        }
    }
    raster
}

fn divided(mut raster: Raster) -> Raster {
    for pixel in raster.data.chunks_exact_mut(4).filter(|pixel| pixel[3] > 0) {
        let alpha = u32::from(pixel[3]);
        for value in &mut pixel[..3] {
            *value = u8::try_from((u32::from(*value) * 255 + alpha / 2) / alpha).unwrap_or(255);
        }
    }
    raster
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn dot() -> Raster {
        let mut raster = Raster::filled(81, 81, Layout::Gray, &[0]);
        raster.data[81 * 40 + 40] = 255;
        // A dot alone vanishes in rounding: a square is bright enough.
        for y in 35..46 {
            raster.data[81 * y + 35..81 * y + 46].fill(255);
        }
        raster
    }

    fn spread(raster: &Raster) -> f64 {
        let (mut sum, mut square) = (0.0, 0.0);
        for (ix, value) in raster.data.iter().enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "small")]
            let x = (ix % 81) as f64 - 40.0;
            sum += f64::from(*value);
            square += f64::from(*value) * x * x;
        }
        square / sum
    }

    #[test]
    fn a_bell_spreads_by_its_variance_narrow_or_wide() {
        let watch = Watch::start(Duration::from_secs(60));
        let before = spread(&dot());
        for sigma in [1.5_f32, 4.0, 8.0] {
            let after = spread(&blur(dot(), Kernel::Gaussian, 0, sigma, &watch).expect("in time"));
            let grown = (after - before) / f64::from(sigma * sigma);
            assert!((0.85..1.1).contains(&grown), "{sigma}: {grown}");
        }
    }

    #[test]
    fn flat_pictures_stay_and_transparent_colours_do_not_bleed() {
        let watch = Watch::start(Duration::from_secs(60));
        let flat = Raster::filled(9, 7, Layout::Rgb, &[10, 20, 30]);
        for kernel in [Kernel::Box, Kernel::Gaussian] {
            assert_eq!(blur(flat.clone(), kernel, 3, 0.0, &watch).expect("in time"), flat);
        }
        assert_eq!(sharpen(flat.clone(), 0, 1.0, 200, &watch).expect("in time"), flat);
        let mut half = Raster::filled(8, 8, Layout::Rgba, &[0, 255, 0, 0]);
        half.data[..4 * 32].chunks_exact_mut(4).for_each(|p| p.copy_from_slice(&[255, 0, 0, 255]));
        let soft = blur(half, Kernel::Gaussian, 0, 1.5, &watch).expect("in time");
        assert!(soft.data.chunks_exact(4).filter(|p| p[3] > 8).all(|p| p[1] < 32), "green was never seen");
    }

    #[test]
    fn time_is_looked_at() {
        let watch = Watch::start(Duration::ZERO);
        assert!(matches!(blur(dot(), Kernel::Box, 3, 0.0, &watch), Err(ImageError::Deadline { .. })));
    }
}
