//! EXIF: the orientation, and all fields as text for who asks for them.

use std::collections::BTreeMap;

use crate::orientation::Orientation;

/// The orientation in a block that begins with a TIFF header; upright when there is none.
pub(crate) fn orientation(block: &[u8]) -> Orientation {
    let number = number(block, exif::Tag::Orientation);
    Orientation::from_exif(number.and_then(|number| u16::try_from(number).ok()).unwrap_or(1))
}

/// Whether the colours of a TIFF file are multiplied by its opacity (tag `ExtraSamples`, "associated alpha").
pub(crate) fn is_multiplied(tiff: &[u8]) -> bool {
    const EXTRA_SAMPLES: exif::Tag = exif::Tag(exif::Context::Tiff, 338);
    number(tiff, EXTRA_SAMPLES) == Some(1)
}

fn number(block: &[u8], tag: exif::Tag) -> Option<u32> {
    read(block)?.get_field(tag, exif::In::PRIMARY)?.value.get_uint(0)
}

/// The fields by name, as text; long ones are cut.
pub(crate) fn fields(block: &[u8]) -> BTreeMap<String, String> {
    let Some(exif) = read(block) else { return BTreeMap::new() };
    let text = |field: &exif::Field| {
        let shown = match &field.value {
            exif::Value::Ascii(lines) => {
                let lines: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line).trim().to_owned()).collect();
                lines.join(" ")
            }
            _ => field.display_value().with_unit(&exif).to_string(),
        };
        shown.chars().take(256).collect::<String>()
    };
    let own = exif.fields().filter(|field| field.ifd_num == exif::In::PRIMARY && field.tag.description().is_some());
    own.map(|field| (field.tag.to_string(), text(field))).collect()
}

fn read(block: &[u8]) -> Option<exif::Exif> {
    // A whole TIFF file is one too; what EXIF needs stands in front or at a given offset.
    if block.len() > 64 << 20 {
        return None;
    }
    exif::Reader::new().read_raw(block.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_upright() {
        for block in [&b""[..], b"II*\0\x08\0\0\0", b"MM\0*\xff\xff\xff\xff"] {
            assert_eq!(orientation(block), Orientation::UPRIGHT);
            assert!(fields(block).is_empty());
        }
    }
}
