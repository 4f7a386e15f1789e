//! AVIF: the container by us, AV1 by ffmpeg (dav1d), as the frames of an IVF file.

use super::ffmpeg::{self, Stream};
use crate::color::Meaning;
use crate::limits::Watch;
use crate::probe::heif::{self, Coded};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

pub(super) fn decode(source: &[u8], watch: &Watch) -> Result<(Raster, Meaning), ImageError> {
    let shown = heif::read(source, Format::Avif)?;
    let planes = |coded: &Coded, layout: Layout| {
        let bytes =
            ivf(source, coded).ok_or_else(|| ImageError::damaged(Format::Avif, "a tile lies outside of the file"))?;
        ffmpeg::decode(Stream { format: Format::Avif, demuxer: "ivf", bytes }, coded, &shown, layout, watch)
    };
    let mut raster = planes(&shown.picture, Layout::Rgb)?;
    if let Some(alpha) = &shown.alpha
        && (alpha.width, alpha.height) == (shown.picture.width, shown.picture.height)
    {
        let opacity = planes(alpha, Layout::Gray)?;
        raster = raster.with_alpha();
        for (pixel, alpha) in raster.data.chunks_exact_mut(4).zip(&opacity.data) {
            pixel[3] = *alpha;
        }
    }
    let cicp = shown.cicp.map_or(Meaning::Srgb, |(primaries, transfer, _, _)| Meaning::Cicp(primaries, transfer));
    Ok((raster, shown.profile.map_or(cicp, Meaning::Profile)))
}

/// The tiles as an IVF file: a header of 32 bytes, then each tile behind its length and its number.
fn ivf(source: &[u8], picture: &Coded) -> Option<Vec<u8>> {
    /// An OBU that a stream needs before each frame and an AVIF leaves out.
    const TEMPORAL_DELIMITER: [u8; 2] = [0x12, 0];
    let side = |length: u32| u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes();
    let count = u32::try_from(picture.tiles.len()).ok()?;
    let mut out = b"DKIF\0\0\x20\0AV01".to_vec();
    out.extend(side(picture.width));
    out.extend(side(picture.height));
    // One frame a second.
    out.extend([1_u32, 1, count, 0].into_iter().flat_map(u32::to_le_bytes));
    // The sequence header may be in the configuration only; twice does no harm.
    let sequence = picture.config.get(4..).unwrap_or_default();
    for index in 0..picture.tiles.len() {
        let tile = picture.tile(source, index)?;
        let parts = [&TEMPORAL_DELIMITER[..], sequence, &tile];
        let length = u32::try_from(parts.iter().map(|part| part.len()).sum::<usize>()).ok()?;
        out.extend(length.to_le_bytes());
        out.extend((index as u64).to_le_bytes());
        out.extend(parts.concat());
    }
    Some(out)
}
