//! Pixels in memory: 8 bits a channel, rows without gaps.

use crate::orientation::Orientation;
use crate::plan::Rect;

/// What a pixel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One grey byte.
    Gray,
    /// Grey and opacity.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue and opacity, not multiplied.
    Rgba,
    /// Cyan, magenta, yellow and black; 255 is full ink.
    Cmyk,
}

impl Layout {
    /// Bytes of a pixel.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Whether the last channel is opacity.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

/// A picture in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What a pixel is made of.
    pub layout: Layout,
    /// `width * height * layout.bytes()` bytes by rows.
    pub data: Vec<u8>,
}

impl Raster {
    /// Of bytes that have the right number, or nothing.
    pub fn new(width: u32, height: u32, layout: Layout, data: Vec<u8>) -> Option<Self> {
        let wanted = (width as usize).checked_mul(height as usize)?.checked_mul(layout.bytes())?;
        (data.len() == wanted && wanted > 0).then_some(Self { width, height, layout, data })
    }

    /// All pixels alike.
    pub fn filled(width: u32, height: u32, layout: Layout, pixel: &[u8]) -> Self {
        let count = width as usize * height as usize;
        Self { width, height, layout, data: pixel[..layout.bytes()].repeat(count) }
    }

    /// Width and height.
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Bytes of a row.
    pub const fn stride(&self) -> usize {
        self.width as usize * self.layout.bytes()
    }

    /// The bytes of one pixel.
    pub fn pixel(&self, x: u32, y: u32) -> &[u8] {
        let at = y as usize * self.stride() + x as usize * self.layout.bytes();
        &self.data[at..at + self.layout.bytes()]
    }

    /// A part of it.
    #[must_use]
    pub fn cut(&self, rect: Rect) -> Self {
        if rect == Rect::whole(self.size()) {
            return self.clone();
        }
        let (bytes, stride) = (self.layout.bytes(), self.stride());
        let (from, length) = (rect.x as usize * bytes, rect.width as usize * bytes);
        let mut data = Vec::with_capacity(length * rect.height as usize);
        for row in self.data.chunks_exact(stride).skip(rect.y as usize).take(rect.height as usize) {
            data.extend_from_slice(&row[from..from + length]);
        }
        Self { width: rect.width, height: rect.height, layout: self.layout, data }
    }

    /// Turned by quarters and mirrored.
    #[must_use]
    pub fn turned(self, turn: Orientation) -> Self {
        if turn == Orientation::UPRIGHT {
            return self;
        }
        let (width, height) = turn.apply_size(self.size());
        let bytes = self.layout.bytes();
        let mut data = vec![0; self.data.len()];
        let back = turn.inverse();
        // For each row of the outcome, the way through the input is a straight line.
        for (y, row) in data.chunks_exact_mut(width as usize * bytes).enumerate() {
            let y = u32::try_from(y).unwrap_or(u32::MAX);
            let (x0, y0) = back.apply_point((0, y), (width, height));
            let (dx, dy) = match width {
                1 => (0, 0),
                _ => {
                    let (x1, y1) = back.apply_point((1, y), (width, height));
                    (i64::from(x1) - i64::from(x0), i64::from(y1) - i64::from(y0))
                }
            };
            let step = (dy * i64::from(self.width) + dx) * bytes as i64;
            let mut at = (i64::from(y0) * i64::from(self.width) + i64::from(x0)) * bytes as i64;
            for pixel in row.chunks_exact_mut(bytes) {
                // Inside of the input by construction, as `apply_point` is a bijection of the two.
                let from = usize::try_from(at).unwrap_or(0);
                pixel.copy_from_slice(&self.data[from..from + bytes]);
                at += step;
            }
        }
        Self { width, height, layout: self.layout, data }
    }

    /// With opacity, all of it full where there was none.
    #[must_use]
    pub fn with_alpha(self) -> Self {
        match self.layout {
            Layout::Rgba => self,
            Layout::Rgb => {
                let data = self.data.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
                Self { layout: Layout::Rgba, data, ..self }
            }
            Layout::Gray => {
                let data = self.data.iter().flat_map(|g| [*g, *g, *g, 255]).collect();
                Self { layout: Layout::Rgba, data, ..self }
            }
            Layout::GrayAlpha => {
                let data = self.data.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect();
                Self { layout: Layout::Rgba, data, ..self }
            }
            // Inks are made into colours before opacity can be asked for.
            Layout::Cmyk => crate::color::inks_to_colors(self).with_alpha(),
        }
    }

    /// In colour, with opacity if it had any.
    #[must_use]
    pub fn colored(self) -> Self {
        match self.layout {
            Layout::Rgb | Layout::Rgba => self,
            Layout::Gray => {
                let data = self.data.iter().flat_map(|gray| [*gray; 3]).collect();
                Self { layout: Layout::Rgb, data, ..self }
            }
            Layout::GrayAlpha => self.with_alpha(),
            Layout::Cmyk => crate::color::inks_to_colors(self),
        }
    }

    /// Laid on a colour; without opacity afterwards.
    #[must_use]
    pub fn flattened(self, [red, green, blue]: [u8; 3]) -> Self {
        if !self.layout.has_alpha() {
            return self;
        }
        let full = self.with_alpha();
        let mix = |over: u8, under: u8, alpha: u8| {
            let (over, under, alpha) = (u32::from(over), u32::from(under), u32::from(alpha));
            u8::try_from((over * alpha + under * (255 - alpha) + 127) / 255).unwrap_or(255)
        };
        let data = full
            .data
            .chunks_exact(4)
            .flat_map(|p| [mix(p[0], red, p[3]), mix(p[1], green, p[3]), mix(p[2], blue, p[3])])
            .collect();
        Self { layout: Layout::Rgb, data, ..full }
    }

    /// Whether a pixel is not fully opaque.
    pub fn is_transparent(&self) -> bool {
        let bytes = self.layout.bytes();
        self.layout.has_alpha() && self.data.chunks_exact(bytes).any(|pixel| pixel[bytes - 1] != 255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_moves_every_pixel_where_its_point_goes() {
        let raster = Raster::new(3, 2, Layout::Gray, vec![0, 1, 2, 3, 4, 5]).expect("six pixels");
        for number in 1..=8 {
            let turn = Orientation::from_exif(number);
            let turned = raster.clone().turned(turn);
            for y in 0..2 {
                for x in 0..3 {
                    let (tx, ty) = turn.apply_point((x, y), (3, 2));
                    assert_eq!(turned.pixel(tx, ty), raster.pixel(x, y), "{number}");
                }
            }
        }
        let line = Raster::new(1, 2, Layout::Gray, vec![7, 8]).expect("two pixels");
        assert_eq!(line.turned(Orientation::from_exif(3)).data, [8, 7]);
    }

    #[test]
    fn flattening_mixes_by_opacity() {
        let raster = Raster::new(1, 2, Layout::Rgba, vec![255, 0, 0, 255, 255, 0, 0, 0]).expect("two pixels");
        assert_eq!(raster.flattened([0, 0, 255]).data, [255, 0, 0, 0, 0, 255]);
    }
}
