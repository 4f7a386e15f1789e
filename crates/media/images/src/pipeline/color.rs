//! Colours as URLs write them.

use std::fmt;

/// A colour in sRGB with straight alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red, green, blue and opacity.
    pub rgba: [u8; 4],
}

/// The names that are understood: CSS's basic ones and some often seen.
const NAMES: [(&str, u32); 24] = [
    ("black", 0x00_00_00),
    ("white", 0xff_ff_ff),
    ("red", 0xff_00_00),
    ("lime", 0x00_ff_00),
    ("green", 0x00_80_00),
    ("blue", 0x00_00_ff),
    ("yellow", 0xff_ff_00),
    ("cyan", 0x00_ff_ff),
    ("aqua", 0x00_ff_ff),
    ("magenta", 0xff_00_ff),
    ("fuchsia", 0xff_00_ff),
    ("silver", 0xc0_c0_c0),
    ("gray", 0x80_80_80),
    ("grey", 0x80_80_80),
    ("maroon", 0x80_00_00),
    ("olive", 0x80_80_00),
    ("purple", 0x80_00_80),
    ("teal", 0x00_80_80),
    ("navy", 0x00_00_80),
    ("orange", 0xff_a5_00),
    ("pink", 0xff_c0_cb),
    ("brown", 0xa5_2a_2a),
    ("gold", 0xff_d7_00),
    ("violet", 0xee_82_ee),
];

impl Color {
    /// White, as paper is.
    pub const WHITE: Self = Self { rgba: [255; 4] };
    /// Nothing at all.
    pub const CLEAR: Self = Self { rgba: [0; 4] };

    /// An opaque colour.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { rgba: [red, green, blue, 255] }
    }

    /// Reads `ff0000`, `#f00`, `0xff0000`, `ff000080` (with opacity), a name, or `transparent`.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        if lower == "transparent" || lower == "none" {
            return Some(Self::CLEAR);
        }
        if let Some((_, rgb)) = NAMES.iter().find(|(name, _)| *name == lower) {
            let [_, red, green, blue] = rgb.to_be_bytes();
            return Some(Self::rgb(red, green, blue));
        }
        let hex = lower.strip_prefix('#').or_else(|| lower.strip_prefix("0x")).unwrap_or(&lower);
        if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(hex, 16).ok()?;
        let rgba = match hex.len() {
            3 => {
                let nibble = |shift: u32| u8::try_from((value >> shift) & 15).unwrap_or(0) * 17;
                [nibble(8), nibble(4), nibble(0), 255]
            }
            6 => (value << 8 | 255).to_be_bytes(),
            8 => value.to_be_bytes(),
            _ => return None,
        };
        Some(Self { rgba })
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue, alpha] = self.rgba;
        write!(f, "{red:02x}{green:02x}{blue:02x}")?;
        if alpha == 255 { Ok(()) } else { write!(f, "{alpha:02x}") }
    }
}

#[cfg(test)]
mod tests {
    use super::Color;

    #[test]
    fn colours_are_read_as_urls_write_them() {
        for (text, rgba) in [
            ("ff0000", [255, 0, 0, 255]),
            ("#F00", [255, 0, 0, 255]),
            ("0x00ff00", [0, 255, 0, 255]),
            ("Red", [255, 0, 0, 255]),
            ("12345678", [0x12, 0x34, 0x56, 0x78]),
            ("transparent", [0; 4]),
        ] {
            assert_eq!(Color::parse(text).map(|c| c.rgba), Some(rgba), "{text}");
        }
        for bad in ["", "reddish", "ff00", "+f0000", "#ggg", "ff00ff00ff"] {
            assert_eq!(Color::parse(bad), None, "{bad}");
        }
        assert_eq!(Color::rgb(1, 2, 3).to_string(), "010203");
        assert_eq!(Color::CLEAR.to_string(), "00000000");
    }
}
