//! A line of text as pixels. The shaping, the fall-back between fonts and the drawing are resvg's.

use std::fmt::Write as _;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;

use crate::ImageError;
use crate::decode_straight;
use crate::fonts;
use crate::pipeline::Color;
use crate::raster::{Layout, Raster};

/// Draws a line of text, at most as large as `room`.
pub(super) fn line(
    text: &str,
    font: Option<&str>,
    size: u32,
    color: Color,
    shadow: u8,
    room: (u32, u32),
) -> Result<Raster, ImageError> {
    let failed = |problem: &str| ImageError::Step {
        command: "watermark",
        problem: problem.to_owned(),
        fix: "give a text in Chinese, Latin, Greek or Cyrillic letters",
    };
    let svg = document(text, font, size, color, shadow);
    let options =
        usvg::Options { fontdb: fonts::database(), font_family: fonts::FAMILY.to_owned(), ..Default::default() };
    let tree = usvg::Tree::from_str(&svg, &options).map_err(|error| failed(&error.to_string()))?;
    let drawn = tree.root().abs_layer_bounding_box();
    if tree.root().children().is_empty() {
        return Err(failed("the fonts have none of its letters"));
    }
    let side = |length: f32, room: u32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the room")]
        let side = (length.ceil() + 2.0).clamp(1.0, f32::from(u16::try_from(room).unwrap_or(u16::MAX))) as u32;
        side
    };
    let (width, height) = (side(drawn.width(), room.0), side(drawn.height(), room.1));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(|| failed("there is no room for it"))?;
    resvg::render(&tree, Transform::from_translate(1.0 - drawn.x(), 1.0 - drawn.y()), &mut pixmap.as_mut());
    Ok(Raster { width, height, layout: Layout::Rgba, data: decode_straight(&pixmap) })
}

fn document(text: &str, font: Option<&str>, size: u32, color: Color, shadow: u8) -> String {
    let family = match font {
        Some(name) => format!("{}, {}", quoted(name), quoted(fonts::FAMILY)),
        None => quoted(fonts::FAMILY),
    };
    let [red, green, blue, alpha] = color.rgba;
    // A line begins far inside, so that nothing of it has negative coordinates.
    let element = |offset: u32, fill: &str, opacity: f32| {
        format!(
            "<text x=\"{at}\" y=\"{down}\" font-family=\"{family}\" font-size=\"{size}\" fill=\"{fill}\" \
             fill-opacity=\"{opacity}\" xml:space=\"preserve\">{}</text>",
            escaped(text),
            family = escaped(&family),
            at = size * 2 + offset,
            down = size * 3 + offset,
        )
    };
    let mut out = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4000\" height=\"4000\">");
    if shadow > 0 {
        out.push_str(&element((size / 16).max(1), "black", f32::from(shadow) / 100.0));
    }
    let _ = write!(out, "{}</svg>", element(0, &format!("#{red:02x}{green:02x}{blue:02x}"), f32::from(alpha) / 255.0));
    out
}

fn quoted(name: &str) -> String {
    format!("'{}'", name.replace(['\'', '\\'], ""))
}

/// Text that means itself in XML; what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(text: &str) -> Result<Raster, ImageError> {
        line(text, Some("SimSun"), 40, Color::rgb(255, 0, 0), 0, (4000, 4000))
    }

    fn ink(raster: &Raster) -> usize {
        raster.data.chunks_exact(4).filter(|p| p[3] > 128).count()
    }

    #[test]
    fn chinese_and_english_have_letters_of_their_own() {
        let (zh, en) = (draw("门店优惠").expect("has glyphs"), draw("Doorstep").expect("has glyphs"));
        // Four square characters of forty pixels.
        assert!((140..190).contains(&zh.width) && (30..60).contains(&zh.height), "{:?}", zh.size());
        assert!(ink(&zh) > 500 && ink(&en) > 300, "{} {}", ink(&zh), ink(&en));
        assert!(zh.data.chunks_exact(4).filter(|p| p[3] == 255).all(|p| p[..3] == [255, 0, 0]));
        assert_ne!(draw("门").expect("a glyph").data, draw("店").expect("a glyph").data);
    }

    #[test]
    fn markup_means_itself_and_long_lines_are_cut() {
        assert!(draw("<b>&\"'</b>").is_ok());
        let cut = line(&"长".repeat(170), None, 100, Color::WHITE, 50, (300, 200)).expect("has glyphs");
        assert_eq!(cut.width, 300);
        assert!(draw("\u{1}\u{2}").is_err());
    }
}
