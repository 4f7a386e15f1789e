//! HEIC: the container by us, HEVC by ffmpeg, as one stream of stills.

use super::ffmpeg::{self, Stream};
use crate::color::Meaning;
use crate::limits::Watch;
use crate::probe::heif::{self, Coded};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

pub(super) fn decode(source: &[u8], watch: &Watch) -> Result<(Raster, Meaning), ImageError> {
    let shown = heif::read(source, Format::Heic)?;
    let bytes = annex_b(source, &shown.picture)
        .ok_or_else(|| ImageError::damaged(Format::Heic, "its stream cannot be taken apart"))?;
    let stream = Stream { format: Format::Heic, demuxer: "hevc", bytes };
    let raster = ffmpeg::decode(stream, &shown.picture, &shown, Layout::Rgb, watch)?;
    let cicp = shown.cicp.map_or(Meaning::Srgb, |(primaries, transfer, _, _)| Meaning::Cicp(primaries, transfer));
    Ok((raster, shown.profile.map_or(cicp, Meaning::Profile)))
}

/// The tiles as one stream with start codes, each with the parameter sets before it.
fn annex_b(source: &[u8], picture: &Coded) -> Option<Vec<u8>> {
    const START: [u8; 4] = [0, 0, 0, 1];
    let mut config = heif::Bytes(&picture.config);
    config.take(21)?;
    let length_size = usize::from(config.u8()? & 3) + 1;
    let mut sets = Vec::new();
    for _ in 0..config.u8()? {
        config.u8()?;
        for _ in 0..config.u16()? {
            let length = usize::from(config.u16()?);
            sets.extend(START);
            sets.extend_from_slice(config.take(length)?);
        }
    }
    let mut out = Vec::new();
    for index in 0..picture.tiles.len() {
        out.extend_from_slice(&sets);
        let tile = picture.tile(source, index)?;
        let mut units = heif::Bytes(&tile);
        while !units.0.is_empty() {
            let length = usize::try_from(units.uint(length_size)?).ok()?;
            out.extend(START);
            out.extend_from_slice(units.take(length)?);
        }
    }
    Some(out)
}
