//! An invisible mark: a short text spread over the whole picture below the threshold of seeing.
//!
//! Spread spectrum in the brightness, after I. J. Cox and others (1997), with a period so that it survives cutting: a
//! square of 32 × 32 chips of 4 × 4 pixels is repeated all over. A quarter of the chips are known (they find the
//! square's place again after a cut, by correlation), the others carry the bits. A chip is wide enough to lie in the
//! frequencies that JPEG keeps, and stronger where the picture is restless. Scaling and turning destroy it.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use super::{ROWS_PER_LOOK, blur};
use crate::ImageError;
use crate::limits::Watch;
use crate::pipeline::Kernel;
use crate::raster::{Layout, Raster};

/// Bytes of text that a mark carries.
pub const MARK_BYTES: usize = 16;

const CHIP: usize = 4;
const CHIPS: usize = 32;
const PERIOD: usize = CHIP * CHIPS;
/// The sides of a picture that can be marked; below there are too few squares to add up.
const SMALLEST: u32 = 256;
/// A length, the text, and a check sum.
const BITS: usize = 8 + MARK_BYTES * 8 + 24;
/// The radius of the local mean that reading takes away: less than two chips.
const READ_RADIUS: u32 = 3;
/// How many places of the square are tried when reading.
const TRIES: usize = 12;

/// What a chip carries.
#[derive(Clone, Copy)]
struct Chip {
    sign: f32,
    /// Nothing for the known ones.
    bit: Option<usize>,
}

/// Steele, Lea and Flood's SplitMix64: the chips are the same everywhere and always.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn chips() -> Vec<Chip> {
    let mut sequence = Sequence(0xd00f_57e9);
    let count = CHIPS * CHIPS;
    let mut order: Vec<usize> = (0..count).collect();
    for ix in (1..count).rev() {
        let other = sequence.next() % (ix as u64 + 1);
        order.swap(ix, usize::try_from(other).unwrap_or(0));
    }
    let mut chips = vec![Chip { sign: 1.0, bit: None }; count];
    for (rank, place) in order.into_iter().enumerate() {
        let sign = if sequence.next() & 1 == 0 { 1.0 } else { -1.0 };
        let bit = rank.checked_sub(count / 4).map(|data| data % BITS);
        chips[place] = Chip { sign, bit };
    }
    chips
}

/// OpenPGP's CRC-24 (RFC 9580).
fn check_sum(bytes: &[u8]) -> u32 {
    let mut crc = 0xb7_04ce_u32;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x100_0000 != 0 {
                crc ^= 0x186_4cfb;
            }
        }
    }
    crc & 0xff_ffff
}

fn message(text: &str) -> Vec<u8> {
    let mut bytes = vec![0; 1 + MARK_BYTES];
    let length = text.len().min(MARK_BYTES);
    bytes[0] = u8::try_from(length).unwrap_or(0);
    bytes[1..=length].copy_from_slice(&text.as_bytes()[..length]);
    let sum = check_sum(&bytes).to_be_bytes();
    bytes.extend_from_slice(&sum[1..]);
    bytes
}

fn bit(bytes: &[u8], index: usize) -> f32 {
    if bytes[index / 8] >> (7 - index % 8) & 1 == 1 { 1.0 } else { -1.0 }
}

fn brightness(raster: &Raster) -> Raster {
    let data = raster.data.chunks_exact(3).map(|p| {
        let sum = 77 * u32::from(p[0]) + 150 * u32::from(p[1]) + 29 * u32::from(p[2]);
        u8::try_from((sum + 128) / 256).unwrap_or(255)
    });
    Raster { width: raster.width, height: raster.height, layout: Layout::Gray, data: data.collect() }
}

/// How restless the picture is, by blocks of 8 × 8.
struct Activity {
    columns: usize,
    blocks: Vec<f32>,
}

impl Activity {
    fn of(gray: &Raster, soft: &Raster) -> Self {
        let width = gray.width as usize;
        let columns = width.div_ceil(8);
        let rows = (gray.height as usize).div_ceil(8);
        let mut sums = vec![(0.0_f32, 0.0_f32); columns * rows];
        for (ix, (value, mean)) in gray.data.iter().zip(&soft.data).enumerate() {
            let block = &mut sums[ix / width / 8 * columns + ix % width / 8];
            block.0 += f32::from(value.abs_diff(*mean));
            block.1 += 1.0;
        }
        Self { columns, blocks: sums.into_iter().map(|(sum, count)| sum / count.max(1.0)).collect() }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.blocks[y / 8 * self.columns + x / 8]
    }
}

/// Puts the mark in.
pub(super) fn embed(raster: Raster, text: &str, strength: u8, watch: &Watch) -> Result<Raster, ImageError> {
    if raster.width < SMALLEST || raster.height < SMALLEST {
        return Err(ImageError::Step {
            command: "mark",
            problem: format!("{}×{} pixels are too few for an invisible mark", raster.width, raster.height),
            fix: "mark pictures of at least 256 pixels a side",
        });
    }
    let mut raster = raster.colored();
    let gray = brightness(&raster.clone().flattened([255; 3]));
    let soft = blur::blur(gray.clone(), Kernel::Box, 4, 0.0, watch)?;
    let activity = Activity::of(&gray, &soft);
    let (chips, bytes) = (chips(), message(text));
    let (layout, stride) = (raster.layout.bytes(), raster.stride());
    for (y, row) in raster.data.chunks_exact_mut(stride).enumerate() {
        if y % ROWS_PER_LOOK == 0 {
            watch.check()?;
        }
        for (x, pixel) in row.chunks_exact_mut(layout).enumerate() {
            let chip = chips[y / CHIP % CHIPS * CHIPS + x / CHIP % CHIPS];
            let sign = chip.sign * chip.bit.map_or(1.0, |index| bit(&bytes, index));
            let change = sign * f32::from(strength) * 0.5 * (0.6 + activity.at(x, y) / 8.0).min(2.0);
            for value in &mut pixel[..3] {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
                let changed = (f32::from(*value) + change).round().clamp(0.0, 255.0) as u8;
                *value = changed;
            }
        }
    }
    Ok(raster)
}

/// Reads the mark, or finds none.
pub(crate) fn read(raster: Raster, watch: &Watch) -> Result<String, ImageError> {
    let gray = brightness(&raster.colored().flattened([255; 3]));
    // The local mean is taken away twice: what is left of waves wider than a few chips is hardly anything.
    let soft = blur::blur(gray.clone(), Kernel::Box, READ_RADIUS, 0.0, watch)?;
    let mut fine = gray;
    for (value, mean) in fine.data.iter_mut().zip(&soft.data) {
        *value = u8::try_from((128 + i32::from(*value) - i32::from(*mean)).clamp(64, 192)).unwrap_or(128);
    }
    let rest = blur::blur(fine.clone(), Kernel::Box, READ_RADIUS, 0.0, watch)?;
    let activity = Activity::of(&fine, &rest);
    // All squares are laid on one another: the picture averages out, the mark adds up. Each place counts by the
    // inverse of its variance, as the best sum of noisy measurements does.
    let mut folded = vec![0.0_f32; PERIOD * PERIOD];
    let width = fine.width as usize;
    for (ix, (value, mean)) in fine.data.iter().zip(&rest.data).enumerate() {
        let (x, y) = (ix % width, ix / width);
        let detail = f32::from(*value) - f32::from(*mean);
        folded[y % PERIOD * PERIOD + x % PERIOD] += detail / (1.0 + activity.at(x, y).powi(2));
    }
    watch.check()?;
    let chips = chips();
    for (dx, dy) in places(&folded, &chips) {
        if let Some(text) = decode(&folded, &chips, dx, dy) {
            return Ok(text);
        }
    }
    Err(ImageError::NoMark)
}

/// Where the square most probably begins: the highest correlations with its known chips.
fn places(folded: &[f32], chips: &[Chip]) -> Vec<(usize, usize)> {
    let known = (0..PERIOD * PERIOD).map(|ix| {
        let chip = chips[ix / PERIOD / CHIP * CHIPS + ix % PERIOD / CHIP];
        if chip.bit.is_none() { chip.sign } else { 0.0 }
    });
    let mut planner = FftPlanner::new();
    let (forward, backward) = (planner.plan_fft_forward(PERIOD), planner.plan_fft_inverse(PERIOD));
    let transform = |values: &mut Vec<Complex<f32>>, inverse: bool| {
        let plan = if inverse { &backward } else { &forward };
        plan.process(values);
        *values = transposed(values);
        plan.process(values);
    };
    let mut picture: Vec<_> = folded.iter().map(|v| Complex::new(*v, 0.0)).collect();
    let mut pattern: Vec<_> = known.map(|v| Complex::new(v, 0.0)).collect();
    transform(&mut picture, false);
    transform(&mut pattern, false);
    // Both are transposed alike; going back transposes once more.
    let mut product: Vec<_> = picture.iter().zip(&pattern).map(|(a, b)| a * b.conj()).collect();
    transform(&mut product, true);
    let mut ranked: Vec<usize> = (0..product.len()).collect();
    ranked.select_nth_unstable_by(TRIES, |a, b| product[*b].re.total_cmp(&product[*a].re));
    ranked.truncate(TRIES);
    ranked.sort_by(|a, b| product[*b].re.total_cmp(&product[*a].re));
    ranked.into_iter().map(|ix| (ix % PERIOD, ix / PERIOD)).collect()
}

fn transposed(values: &[Complex<f32>]) -> Vec<Complex<f32>> {
    (0..values.len()).map(|ix| values[ix % PERIOD * PERIOD + ix / PERIOD]).collect()
}

fn decode(folded: &[f32], chips: &[Chip], dx: usize, dy: usize) -> Option<String> {
    let mut sums = [0.0_f32; BITS];
    for (ix, value) in folded.iter().enumerate() {
        let (x, y) = ((ix % PERIOD + PERIOD - dx) % PERIOD, (ix / PERIOD + PERIOD - dy) % PERIOD);
        let chip = chips[y / CHIP * CHIPS + x / CHIP];
        if let Some(index) = chip.bit {
            sums[index] += value * chip.sign;
        }
    }
    let mut bytes = [0_u8; BITS / 8];
    for (index, sum) in sums.iter().enumerate() {
        bytes[index / 8] |= u8::from(*sum > 0.0) << (7 - index % 8);
    }
    let (body, sum) = bytes.split_at(1 + MARK_BYTES);
    let length = usize::from(body[0]);
    if check_sum(body).to_be_bytes()[1..] != *sum || length > MARK_BYTES || length == 0 {
        return None;
    }
    std::str::from_utf8(&body[1..=length]).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::Rect;

    /// Hills and stripes: neither flat nor noise.
    fn scene(width: u32, height: u32) -> Raster {
        let mut data = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (fx, fy) = (f64::from(x), f64::from(y));
                let hills = (fx / 37.0).sin() * 50.0 + (fy / 23.0).cos() * 40.0 + (fx * fy / 900.0).sin() * 25.0;
                let v = (128.0 + hills).clamp(0.0, 255.0);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
                data.extend([v as u8, (v * 0.8) as u8, (255.0 - v) as u8]);
            }
        }
        Raster::new(width, height, Layout::Rgb, data).expect("all pixels")
    }

    #[test]
    fn a_mark_is_read_after_any_cut_and_is_hardly_there() {
        let watch = Watch::start(Duration::from_secs(60));
        let plain = scene(512, 400);
        let marked = embed(plain.clone(), "店铺 0042", 4, &watch).expect("large enough");
        let error: f64 = plain.data.iter().zip(&marked.data).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
        #[allow(clippy::cast_precision_loss, reason = "small")]
        let psnr = 10.0 * (255.0_f64.powi(2) / (error / plain.data.len() as f64)).log10();
        assert!(psnr > 38.0, "{psnr}");
        assert_eq!(read(marked.clone(), &watch), Ok("店铺 0042".to_owned()));
        let cut = marked.cut(Rect { x: 37, y: 21, width: 461, height: 360 });
        assert_eq!(read(cut, &watch), Ok("店铺 0042".to_owned()));
        assert_eq!(read(plain, &watch), Err(ImageError::NoMark));
    }

    #[test]
    fn small_pictures_are_refused() {
        let watch = Watch::start(Duration::from_secs(60));
        assert!(matches!(embed(scene(255, 400), "x", 4, &watch), Err(ImageError::Step { command: "mark", .. })));
    }
}
