//! The mean colour of a picture.

use crate::raster::Raster;

/// The mean of the visible pixels, in sRGB's numbers.
pub(crate) fn mean(raster: Raster) -> [u8; 3] {
    let raster = raster.with_alpha();
    let mut sums = [0_u64; 4];
    for pixel in raster.data.chunks_exact(4) {
        let alpha = u64::from(pixel[3]);
        for (sum, value) in sums.iter_mut().zip(&pixel[..3]) {
            *sum += u64::from(*value) * alpha;
        }
        sums[3] += alpha;
    }
    let weight = sums[3].max(1);
    [0, 1, 2].map(|ix: usize| u8::try_from((sums[ix] + weight / 2) / weight).unwrap_or(255))
}
