//! What a picture is, from its first bytes or its chunks alone: nothing is decoded and nothing large allocated.

mod bytes;
mod gif;
pub(crate) mod heif;
mod jpeg;
mod svg;
mod webp;

use std::io::Cursor;

use image::ImageDecoder as _;
use serde::Serialize;

use crate::orientation::Orientation;
use crate::{Format, ImageError, exif};

/// What a picture's header says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Header {
    /// The format.
    pub format: Format,
    /// Pixels as stored, before orientation.
    pub width: u32,
    /// Pixels as stored, before orientation.
    pub height: u32,
    /// How it must be turned to be upright.
    pub orientation: Orientation,
    /// Pictures in it, 1 for a still.
    pub frames: u32,
    /// Whether pixels can be transparent.
    pub alpha: bool,
    /// Bits of a channel.
    pub depth: u8,
    /// Channels as stored, without transparency: 1 grey, 3 colour, 4 CMYK.
    pub channels: u8,
    /// Whether an ICC profile comes along.
    pub profile: bool,
    /// Whether a gain map for bright screens comes along (Ultra HDR). It is left out: the base picture is shown.
    pub gain_map: bool,
    /// Whether a coarse picture comes first.
    pub interlaced: bool,
    /// The JPEG quality it was probably written with, from 1 to 100.
    pub quality: Option<u8>,
}

impl Header {
    /// A still in 8-bit colour without anything else.
    pub(crate) fn plain(format: Format, width: u32, height: u32) -> Self {
        Self {
            format,
            width,
            height,
            orientation: Orientation::UPRIGHT,
            frames: 1,
            alpha: false,
            depth: 8,
            channels: 3,
            profile: false,
            gain_map: false,
            interlaced: false,
            quality: None,
        }
    }

    /// Width and height as a viewer sees them.
    pub fn upright_size(&self) -> (u32, u32) {
        self.orientation.apply_size((self.width, self.height))
    }
}

/// The format by the first bytes.
pub fn sniff(source: &[u8]) -> Option<Format> {
    let starts = |magic: &[u8]| source.starts_with(magic);
    if starts(b"\xff\xd8\xff") {
        return Some(Format::Jpeg);
    }
    if starts(b"\x89PNG\r\n\x1a\n") {
        return Some(Format::Png);
    }
    if starts(b"RIFF") && source.get(8..12) == Some(b"WEBP") {
        return Some(Format::WebP);
    }
    if starts(b"GIF87a") || starts(b"GIF89a") {
        return Some(Format::Gif);
    }
    if starts(b"BM") && source.len() > 26 {
        return Some(Format::Bmp);
    }
    // The second pair is of files of more than four gigabytes, which smaller ones may have as well.
    if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| starts(*magic)) {
        return Some(Format::Tiff);
    }
    heif::sniff(source).or_else(|| svg::sniff(source).then_some(Format::Svg))
}

/// Reads the header.
///
/// # Errors
/// Bytes that are no picture, or a header that is broken.
pub fn probe(source: &[u8]) -> Result<Header, ImageError> {
    let header = match sniff(source).ok_or(ImageError::UnknownFormat)? {
        Format::Jpeg => jpeg::probe(source),
        Format::WebP => webp::probe(source),
        Format::Gif => gif::probe(source),
        format @ (Format::Avif | Format::Heic) => heif::probe(source, format),
        Format::Svg => svg::probe(source),
        format @ (Format::Png | Format::Bmp | Format::Tiff) => plain(source, format),
    }?;
    if header.width == 0 || header.height == 0 {
        return Err(ImageError::damaged(header.format, "it has no pixels"));
    }
    Ok(header)
}

pub(crate) use jpeg::icc_profile as jpeg_profile;
pub(crate) use svg::parse as parse_svg;
pub(crate) use webp::icc_profile as webp_profile;

/// The formats whose decoders stop after the header by themselves.
fn plain(source: &[u8], format: Format) -> Result<Header, ImageError> {
    let mut decoder = match (open(source, format), png_size(source, format)) {
        (Ok(decoder), _) => decoder,
        // A decoder that will have nothing to do with such a size: the limits say so better.
        (Err(_), Some((width, height)))
            if u64::from(width) * u64::from(height) > 1 << 28 || width.max(height) > 1 << 20 =>
        {
            return Ok(Header::plain(format, width, height));
        }
        (Err(error), _) => return Err(error),
    };
    let (width, height) = decoder.dimensions();
    let color = decoder.original_color_type();
    let bits = color.bits_per_pixel() / u16::from(color.channel_count().max(1));
    // Palettes are unfolded by the decoder.
    let seen = decoder.color_type();
    let channels = if seen.has_color() { 3 } else { 1 };
    let mut header = Header { channels, alpha: seen.has_alpha(), ..Header::plain(format, width, height) };
    header.depth = u8::try_from(bits).unwrap_or(8);
    header.profile = decoder.icc_profile().ok().flatten().is_some();
    if format == Format::Tiff {
        let turn = decoder.orientation().map_or(1, |orientation| orientation.to_exif());
        header.orientation = Orientation::from_exif(turn.into());
    } else if let Ok(Some(block)) = decoder.exif_metadata() {
        header.orientation = exif::orientation(&block);
    }
    header.interlaced = format == Format::Png && source.get(28) == Some(&1);
    Ok(header)
}

/// The size in a PNG's first chunk.
fn png_size(source: &[u8], format: Format) -> Option<(u32, u32)> {
    let mut head = bytes::Bytes(source.get(16..).filter(|_| format == Format::Png)?);
    head.u32().zip(head.u32())
}

/// A decoder of one of the formats that the image crate reads for us.
pub(crate) fn open<'a>(source: &'a [u8], format: Format) -> Result<Box<dyn image::ImageDecoder + 'a>, ImageError> {
    let reader = Cursor::new(source);
    let failed = |error: image::ImageError| match error {
        image::ImageError::Unsupported(_) => ImageError::Unsupported {
            what: format!("this kind of {} ({error})", format.as_str().to_ascii_uppercase()),
            fix: "give one of grey, RGB or CMYK pixels of 8 or 16 bits",
        },
        error => ImageError::damaged(format, error),
    };
    // What a decoder may allocate besides the picture itself, which the plan has counted.
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(1 << 30);
    let mut decoder: Box<dyn image::ImageDecoder + 'a> = match format {
        Format::Png => Box::new(image::codecs::png::PngDecoder::with_limits(reader, limits.clone()).map_err(failed)?),
        Format::Bmp => Box::new(image::codecs::bmp::BmpDecoder::new(reader).map_err(failed)?),
        _ => Box::new(image::codecs::tiff::TiffDecoder::new(reader).map_err(failed)?),
    };
    decoder.set_limits(limits).map_err(failed)?;
    Ok(decoder)
}

/// The header of a picture inside of a drawing; only formats whose headers hold nothing further.
fn probe_embedded(data: &[u8]) -> Option<Header> {
    matches!(sniff(data)?, Format::Jpeg | Format::Png).then(|| probe(data).ok()).flatten()
}

/// The EXIF block of a picture, wherever its format keeps it.
pub(crate) fn exif_block(source: &[u8]) -> Option<Vec<u8>> {
    match sniff(source)? {
        Format::Jpeg => jpeg::exif_block(source).map(<[u8]>::to_vec),
        Format::WebP => webp::exif_block(source).map(<[u8]>::to_vec),
        Format::Tiff => Some(source.to_vec()),
        Format::Png => open(source, Format::Png).ok()?.exif_metadata().ok().flatten(),
        Format::Avif | Format::Heic => heif::exif_block(source),
        _ => None,
    }
}

pub(crate) use jpeg::is_adobe;
