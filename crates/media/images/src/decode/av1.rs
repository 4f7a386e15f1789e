//! AVIF by rav1d, tile by tile.

use re_rav1d::dav1d::{Decoder, Error, Picture, PixelLayout, PlanarImageComponent, Settings, pixel::YUVRange};

use crate::color::Meaning;
use crate::limits::Watch;
use crate::probe::heif::{self, Coded, Shown};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

fn broken(reason: impl ToString) -> ImageError {
    ImageError::damaged(Format::Avif, reason)
}

pub(super) fn decode(source: &[u8], watch: &Watch) -> Result<(Raster, Meaning), ImageError> {
    let shown = heif::read(source, Format::Avif)?;
    let mut raster = coded(source, &shown.picture, &shown, Planes::Color, watch)?;
    if let Some(alpha) = &shown.alpha
        && (alpha.width, alpha.height) == (shown.picture.width, shown.picture.height)
    {
        let opacity = coded(source, alpha, &shown, Planes::Opacity, watch)?;
        raster = raster.with_alpha();
        for (pixel, alpha) in raster.data.chunks_exact_mut(4).zip(&opacity.data) {
            pixel[3] = *alpha;
        }
    }
    let cicp = shown.cicp.map_or(Meaning::Srgb, |(primaries, transfer, _, _)| Meaning::Cicp(primaries, transfer));
    Ok((raster, shown.profile.map_or(cicp, Meaning::Profile)))
}

/// What a coded picture holds.
#[derive(Clone, Copy, PartialEq)]
enum Planes {
    Color,
    Opacity,
}

fn coded(source: &[u8], picture: &Coded, shown: &Shown, planes: Planes, watch: &Watch) -> Result<Raster, ImageError> {
    let layout = if planes == Planes::Color { Layout::Rgb } else { Layout::Gray };
    let mut whole = Raster::filled(picture.width, picture.height, layout, &[0; 4]);
    let columns = picture.grid.map_or(1, |(columns, _)| columns);
    let mut tile_size = None;
    for index in 0..picture.tiles.len() {
        watch.check()?;
        let bytes = picture.tile(source, index).ok_or_else(|| broken("a tile lies outside of the file"))?;
        let decoded = frame(bytes, picture.width, picture.height)?;
        let tile = colors(&decoded, shown, planes)?;
        // Tiles are of one size; what sticks out at the right and the bottom is cut off.
        let size = *tile_size.get_or_insert(tile.size());
        let at = u32::try_from(index).unwrap_or(0);
        paste(
            &mut whole,
            &tile,
            u64::from(at % columns) * u64::from(size.0),
            u64::from(at / columns) * u64::from(size.1),
        );
    }
    Ok(whole)
}

fn paste(whole: &mut Raster, tile: &Raster, x: u64, y: u64) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
    if x >= whole.width || y >= whole.height {
        return;
    }
    let (bytes, stride) = (whole.layout.bytes(), whole.stride());
    let length = tile.width.min(whole.width - x) as usize * bytes;
    let rows = whole.data.chunks_exact_mut(stride).skip(y as usize);
    for (to, from) in rows.zip(tile.data.chunks_exact(tile.stride())) {
        let start = x as usize * bytes;
        to[start..start + length].copy_from_slice(&from[..length]);
    }
}

fn frame(bytes: Vec<u8>, width: u32, height: u32) -> Result<Picture, ImageError> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    // Tiles may be a little larger than the whole, where they stick out.
    let limit = u64::from(width.next_multiple_of(512)) * u64::from(height.next_multiple_of(512));
    settings.set_frame_size_limit(u32::try_from(limit).unwrap_or(u32::MAX));
    let mut decoder = Decoder::with_settings(&settings).map_err(|error| broken(format!("{error:?}")))?;
    match decoder.send_data(bytes, None, None, None) {
        Ok(()) | Err(Error::Again) => {}
        Err(error) => return Err(broken(format!("{error:?}"))),
    }
    // A still has one frame; a few rounds are enough to get it out.
    for _ in 0..8 {
        match decoder.get_picture() {
            Ok(picture) => return Ok(picture),
            Err(Error::Again) => match decoder.send_pending_data() {
                Ok(()) | Err(Error::Again) => {}
                Err(error) => return Err(broken(format!("{error:?}"))),
            },
            Err(error) => return Err(broken(format!("{error:?}"))),
        }
    }
    Err(broken("there is no picture in it"))
}

/// The factors of red and blue in luma, by the matrix's number.
const fn luma_weights(matrix: u8) -> (f32, f32) {
    match matrix {
        1 => (0.2126, 0.0722),
        9 | 10 => (0.2627, 0.0593),
        7 => (0.212, 0.087),
        4 => (0.30, 0.11),
        _ => (0.299, 0.114),
    }
}

fn colors(picture: &Picture, shown: &Shown, planes: Planes) -> Result<Raster, ImageError> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let depth = picture.bit_depth();
    let full = match (planes, shown.cicp) {
        (Planes::Color, Some((.., full))) => full,
        _ => matches!(picture.color_range(), YUVRange::Full),
    };
    let matrix = shown.cicp.map_or(picture.matrix_coefficients() as u8, |(_, _, matrix, _)| matrix);
    let luma = Plane::new(picture, PlanarImageComponent::Y, depth);
    let top = f32::from(u16::try_from((1_u32 << depth) - 1).unwrap_or(u16::MAX));
    let unit = f32::from(1_u16 << (depth - 8));
    // Luma to 0..255, chroma to -127.5..127.5.
    let (floor, luma_gain, chroma_gain) = if full {
        (0.0, 255.0 / top, 255.0 / top)
    } else {
        (16.0 * unit, 255.0 / (219.0 * unit), 255.0 / (224.0 * unit))
    };
    let byte = |value: f32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
        let byte = (value + 0.5).clamp(0.0, 255.0) as u8;
        byte
    };
    let layout = picture.pixel_layout();
    let size = (picture.width(), picture.height());
    let no_pixels = || broken("it has no pixels");
    if planes == Planes::Opacity || layout == PixelLayout::I400 {
        let mut gray = Vec::with_capacity(width * height);
        for y in 0..height {
            gray.extend((0..width).map(|x| byte((luma.at(x, y) - floor) * luma_gain)));
        }
        let raster = Raster::new(size.0, size.1, Layout::Gray, gray).ok_or_else(no_pixels)?;
        return Ok(if planes == Planes::Opacity { raster } else { raster.with_alpha().flattened([0; 3]) });
    }
    let (right, down) = match layout {
        PixelLayout::I420 => (1, 1),
        PixelLayout::I422 => (1, 0),
        _ => (0, 0),
    };
    let blue = Plane::new(picture, PlanarImageComponent::U, depth);
    let red = Plane::new(picture, PlanarImageComponent::V, depth);
    let middle = 128.0 * unit;
    let (kr, kb) = luma_weights(matrix);
    let kg = 1.0 - kr - kb;
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let l = (luma.at(x, y) - floor) * luma_gain;
            let (u, v) = (blue.at(x >> right, y >> down), red.at(x >> right, y >> down));
            if matrix == 0 {
                // Identity: the planes are green, blue, red.
                data.extend([byte((v - floor) * luma_gain), byte(l), byte((u - floor) * luma_gain)]);
                continue;
            }
            let (cb, cr) = ((u - middle) * chroma_gain, (v - middle) * chroma_gain);
            let r = l + 2.0 * (1.0 - kr) * cr;
            let b = l + 2.0 * (1.0 - kb) * cb;
            let g = l - 2.0 * (kb * (1.0 - kb) * cb + kr * (1.0 - kr) * cr) / kg;
            data.extend([byte(r), byte(g), byte(b)]);
        }
    }
    Raster::new(size.0, size.1, Layout::Rgb, data).ok_or_else(no_pixels)
}

/// A plane of bytes or of little-endian pairs.
struct Plane {
    bytes: re_rav1d::dav1d::Plane,
    stride: usize,
    wide: bool,
}

impl Plane {
    fn new(picture: &Picture, component: PlanarImageComponent, depth: usize) -> Self {
        let stride = picture.stride(component) as usize;
        Self { bytes: picture.plane(component), stride, wide: depth > 8 }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        let row = y * self.stride;
        if self.wide {
            let at = row + 2 * x;
            f32::from(u16::from_ne_bytes([self.bytes[at], self.bytes[at + 1]]))
        } else {
            f32::from(self.bytes[row + x])
        }
    }
}
