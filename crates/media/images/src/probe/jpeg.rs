//! JPEG's markers: size, orientation, profile, quality and gain map, without decoding anything.

use super::Header;
use crate::orientation::Orientation;
use crate::{Format, ImageError, exif};

/// One marker segment: its code and its payload.
struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Segments<'a> {
    type Item = (u8, &'a [u8]);

    /// Up to and with the first scan (`0xda`).
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let at = self.rest.iter().position(|byte| *byte == 0xff)?;
            let code = self.rest[at..].iter().position(|byte| *byte != 0xff)? + at;
            let marker = self.rest[code];
            self.rest = &self.rest[code + 1..];
            match marker {
                0x00 | 0x01 | 0xd0..=0xd8 => {}
                0xd9 => return None,
                _ => {
                    let length = usize::from(u16::from_be_bytes(self.rest.get(..2)?.try_into().ok()?)).max(2);
                    let payload = self.rest.get(2..length)?;
                    self.rest = if marker == 0xda { &[] } else { &self.rest[length..] };
                    return Some((marker, payload));
                }
            }
        }
    }
}

fn segments(source: &[u8]) -> Segments<'_> {
    Segments { rest: source.get(2..).unwrap_or(&[]) }
}

pub(super) fn probe(source: &[u8]) -> Result<Header, ImageError> {
    let mut frame = None;
    let mut orientation = Orientation::UPRIGHT;
    let (mut profile, mut gain_map, mut quality) = (false, false, None);
    for (marker, payload) in segments(source) {
        match marker {
            // All frames but the tables and the arithmetic ones' reserved codes.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                frame = frame.or((payload.len() >= 6).then_some((marker, payload)));
            }
            0xe1 if payload.starts_with(b"Exif\0\0") => orientation = exif::orientation(&payload[6..]),
            0xe1 => gain_map |= contains(payload, b"hdrgm:") || contains(payload, b"HDRGainMap"),
            0xe2 => profile |= payload.starts_with(b"ICC_PROFILE\0"),
            0xdb if quality.is_none() => quality = estimate(payload),
            _ => {}
        }
    }
    let (marker, frame) = frame.ok_or_else(|| ImageError::damaged(Format::Jpeg, "there is no frame header"))?;
    let side = |at: usize| u32::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
    let channels = match frame[5] {
        1 => 1,
        4 => 4,
        _ => 3,
    };
    Ok(Header {
        orientation,
        depth: frame[0],
        channels,
        profile,
        gain_map,
        interlaced: matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce),
        quality,
        ..Header::plain(Format::Jpeg, side(3), side(1))
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The luminance table of quality 50 in the standard's annex K, in zigzag order.
const ANNEX_K: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
    60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113,
    121, 112, 100, 120, 92, 101, 103, 99,
];

/// The quality whose scaled annex K table has the same sum as this one.
fn estimate(tables: &[u8]) -> Option<u8> {
    let (precision, rest) = (tables.first()? >> 4, tables.get(1..)?);
    let sum: u32 = if precision == 0 {
        rest.get(..64)?.iter().map(|entry| u32::from(*entry)).sum()
    } else {
        rest.get(..128)?.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum()
    };
    let scaled = |quality: u32| -> u32 {
        let factor = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        ANNEX_K.iter().map(|entry| ((u32::from(*entry) * factor + 50) / 100).clamp(1, 255)).sum()
    };
    (1..=100).min_by_key(|quality| scaled(*quality).abs_diff(sum)).and_then(|quality| u8::try_from(quality).ok())
}

/// The ICC profile, put together from its pieces.
pub(crate) fn icc_profile(source: &[u8]) -> Option<Vec<u8>> {
    let mut pieces: Vec<(u8, &[u8])> = segments(source)
        .filter(|(marker, payload)| *marker == 0xe2 && payload.starts_with(b"ICC_PROFILE\0") && payload.len() > 14)
        .map(|(_, payload)| (payload[12], &payload[14..]))
        .collect();
    pieces.sort_by_key(|(number, _)| *number);
    (!pieces.is_empty()).then(|| pieces.into_iter().flat_map(|(_, bytes)| bytes).copied().collect())
}

/// The payload of the EXIF segment.
pub(crate) fn exif_block(source: &[u8]) -> Option<&[u8]> {
    let found = segments(source).find(|(marker, payload)| *marker == 0xe1 && payload.starts_with(b"Exif\0\0"));
    found.map(|(_, payload)| &payload[6..])
}

/// Whether the colours of a CMYK picture are stored upside down, as Adobe's programs do.
pub(crate) fn is_adobe(source: &[u8]) -> bool {
    segments(source).any(|(marker, payload)| marker == 0xee && payload.starts_with(b"Adobe"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_is_told_by_the_table() {
        for quality in [10_u32, 50, 75, 80, 95] {
            let factor = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
            let scaled =
                ANNEX_K.map(|e| u8::try_from(((u32::from(e) * factor + 50) / 100).clamp(1, 255)).expect("clamped"));
            let mut table = vec![0];
            table.extend(scaled);
            assert_eq!(estimate(&table), u8::try_from(quality).ok());
        }
        assert_eq!(estimate(&[0, 1, 2]), None);
    }

    #[test]
    fn broken_markers_end_the_walk() {
        for bytes in [&b"\xff\xd8"[..], b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\xff\xff", b"\xff\xd8\xff\xc0\0\x04ab"] {
            assert!(probe(bytes).is_err());
        }
    }
}
