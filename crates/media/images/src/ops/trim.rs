//! Where a picture begins inside of a border of one colour.

use crate::pipeline::Trim;
use crate::plan::Rect;
use crate::raster::Raster;

/// What is behind transparent pixels, so that clear is a colour as well: one that pictures seldom have.
const BEHIND: [u8; 3] = [255, 0, 255];

/// The smallest rectangle with everything that is not the border's colour; all of a picture that is nothing else.
pub(crate) fn inside(raster: Raster, trim: &Trim) -> Rect {
    let raster = raster.colored().flattened(BEHIND);
    let (width, height) = raster.size();
    let border = trim.color.map_or_else(
        || [raster.data[0], raster.data[1], raster.data[2]],
        |color| [color.rgba[0], color.rgba[1], color.rgba[2]],
    );
    let differs =
        |pixel: &[u8]| pixel.iter().zip(border).any(|(value, border)| value.abs_diff(border) > trim.threshold);
    let (mut left, mut right, mut top, mut bottom) = (width, 0, height, 0);
    for (y, row) in (0..height).zip(raster.data.chunks_exact(raster.stride())) {
        let Some(first) = row.chunks_exact(3).position(differs) else { continue };
        let last = row.chunks_exact(3).rposition(differs).unwrap_or(first);
        let column = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        left = left.min(column(first));
        right = right.max(column(last) + 1);
        top = top.min(y);
        bottom = y + 1;
    }
    if left >= right {
        return Rect::whole((width, height));
    }
    if trim.equal.0 {
        let least = left.min(width - right);
        (left, right) = (least, width - least);
    }
    if trim.equal.1 {
        let least = top.min(height - bottom);
        (top, bottom) = (least, height - least);
    }
    Rect { x: left, y: top, width: right - left, height: bottom - top }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Color;
    use crate::raster::Layout;

    /// Ten by eight in one colour with four by two pixels of another at 3,5.
    fn framed(layout: Layout, border: &[u8], inner: &[u8]) -> Raster {
        let mut raster = Raster::filled(10, 8, layout, border);
        for y in 5..7 {
            for x in 3..7 {
                let at = (y * 10 + x) * layout.bytes();
                raster.data[at..at + layout.bytes()].copy_from_slice(inner);
            }
        }
        raster
    }

    #[test]
    fn the_border_goes_and_nothing_else() {
        let trim = Trim { threshold: 10, color: None, equal: (false, false) };
        let found = Rect { x: 3, y: 5, width: 4, height: 2 };
        assert_eq!(inside(framed(Layout::Rgb, &[255; 3], &[244, 255, 255]), &trim), found);
        assert_eq!(inside(framed(Layout::Gray, &[0], &[11]), &trim), found);
        // Clear pixels are a border whatever colour they hide.
        assert_eq!(inside(framed(Layout::Rgba, &[9, 9, 9, 0], &[9, 9, 9, 255]), &trim), found);
        let whole = Rect::whole((10, 8));
        assert_eq!(inside(framed(Layout::Rgb, &[255; 3], &[245, 255, 255]), &trim), whole, "within the threshold");
        let other = Trim { color: Some(Color::rgb(0, 0, 0)), ..trim };
        assert_eq!(inside(framed(Layout::Rgb, &[255; 3], &[0; 3]), &other), whole, "the border is of another colour");
        let equal = Trim { equal: (true, true), ..trim };
        let found = Rect { x: 3, y: 1, width: 4, height: 6 };
        assert_eq!(inside(framed(Layout::Rgb, &[255; 3], &[0; 3]), &equal), found);
    }
}
