//! WebP's chunks.

use super::Header;
use crate::{Format, ImageError, exif};

/// The chunks of the file: name and payload.
fn chunks(source: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = source.get(12..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        let (head, after) = rest.split_at_checked(8)?;
        let length = usize::try_from(u32::from_le_bytes(head[4..].try_into().ok()?)).ok()?;
        let payload = after.get(..length).unwrap_or(after);
        rest = after.get(length + length % 2..).unwrap_or(&[]);
        Some((&head[..4], payload))
    })
}

fn three(bytes: &[u8]) -> Option<u32> {
    let bytes = bytes.get(..3)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]))
}

pub(super) fn probe(source: &[u8]) -> Result<Header, ImageError> {
    let mut header = Header { frames: 0, ..Header::plain(Format::WebP, 0, 0) };
    for (name, payload) in chunks(source) {
        match name {
            b"VP8X" => {
                let size = payload.get(4..7).and_then(three).zip(payload.get(7..10).and_then(three));
                if let Some((width, height)) = size {
                    (header.width, header.height) = (width + 1, height + 1);
                    header.alpha = payload[0] & 0x10 != 0;
                }
            }
            b"VP8 " if payload.len() >= 10 => {
                let side = |at: usize| u32::from(u16::from_le_bytes([payload[at], payload[at + 1]]) & 0x3fff);
                header.frames += 1;
                if header.width == 0 {
                    (header.width, header.height) = (side(6), side(8));
                }
            }
            b"VP8L" if payload.len() >= 5 => {
                let bits = u32::from_le_bytes([payload[1], payload[2], payload[3], payload[4]]);
                header.frames += 1;
                header.alpha |= bits >> 28 & 1 == 1;
                if header.width == 0 {
                    (header.width, header.height) = ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
                }
            }
            b"ANMF" => header.frames += 1,
            b"ICCP" => header.profile = true,
            b"EXIF" => header.orientation = exif::orientation(payload.strip_prefix(b"Exif\0\0").unwrap_or(payload)),
            _ => {}
        }
    }
    if header.frames == 0 {
        return Err(ImageError::damaged(Format::WebP, "there is no picture in it"));
    }
    Ok(header)
}

/// The ICC profile.
pub(crate) fn icc_profile(source: &[u8]) -> Option<Vec<u8>> {
    chunks(source).find(|(name, _)| *name == b"ICCP").map(|(_, payload)| payload.to_vec())
}

/// The EXIF block.
pub(crate) fn exif_block(source: &[u8]) -> Option<&[u8]> {
    let found = chunks(source).find(|(name, _)| *name == b"EXIF").map(|(_, payload)| payload)?;
    Some(found.strip_prefix(b"Exif\0\0").unwrap_or(found))
}
