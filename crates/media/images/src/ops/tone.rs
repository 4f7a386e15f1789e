//! Brightness and contrast, as ImageMagick's `-brightness-contrast` has them.

use std::f64::consts::FRAC_PI_4;

use crate::raster::Raster;

/// Adds a part of white: 100 makes all white, -100 all black.
pub(super) fn bright(raster: Raster, value: i8) -> Raster {
    map(raster, |v| v + f64::from(value) / 100.0)
}

/// Turns the line of tones around the middle: -100 makes all grey, 100 leaves black and white.
pub(super) fn contrast(raster: Raster, value: i8) -> Raster {
    let slope = ((f64::from(value) / 100.0 + 1.0) * FRAC_PI_4).tan().clamp(0.0, 1e6);
    map(raster, |v| (v - 0.5) * slope + 0.5)
}

fn map(mut raster: Raster, tone: impl Fn(f64) -> f64) -> Raster {
    let table: Vec<u8> = (0..=255_u8)
        .map(|v| {
            let value = (tone(f64::from(v) / 255.0) * 255.0).round().clamp(0.0, 255.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
            let value = value as u8;
            value
        })
        .collect();
    let bytes = raster.layout.bytes();
    let colors = bytes - usize::from(raster.layout.has_alpha());
    for pixel in raster.data.chunks_exact_mut(bytes) {
        for value in &mut pixel[..colors] {
            *value = table[usize::from(*value)];
        }
    }
    raster
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Layout;

    #[test]
    fn ends_and_middle() {
        let gray = |v: u8| Raster::filled(1, 1, Layout::Rgba, &[v, v, v, 77]);
        assert_eq!(bright(gray(10), 100).data, [255, 255, 255, 77]);
        assert_eq!(bright(gray(200), -100).data, [0, 0, 0, 77]);
        assert_eq!(contrast(gray(20), -100).data[0], 128);
        assert_eq!(contrast(gray(100), 100).data[0], 0);
        assert_eq!(contrast(gray(200), 100).data[0], 255);
        assert_eq!(contrast(gray(100), 0).data[0], 100);
    }
}
