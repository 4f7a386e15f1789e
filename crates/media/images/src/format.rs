//! The formats of pictures.

use serde::Serialize;

/// A format that is read, written or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG, baseline or progressive, in grey, colour or CMYK.
    Jpeg,
    /// PNG up to 16 bits a channel.
    Png,
    /// WebP, animated too.
    WebP,
    /// AVIF stills.
    Avif,
    /// GIF, animated too.
    Gif,
    /// Windows bitmaps.
    Bmp,
    /// HEIC stills; read only, by way of ffmpeg.
    Heic,
    /// TIFF; read only.
    Tiff,
    /// SVG; read only, drawn at the size that is asked for.
    Svg,
}

impl Format {
    /// The formats that are written.
    pub const WRITTEN: [Self; 6] = [Self::Jpeg, Self::Png, Self::WebP, Self::Avif, Self::Gif, Self::Bmp];

    /// The name in lower case, as URLs, logs and labels have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Avif => "avif",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Heic => "heic",
            Self::Tiff => "tiff",
            Self::Svg => "svg",
        }
    }

    /// Reads a name; `jpg` is one too.
    pub fn parse(text: &str) -> Option<Self> {
        let all =
            [Self::Jpeg, Self::Png, Self::WebP, Self::Avif, Self::Gif, Self::Bmp, Self::Heic, Self::Tiff, Self::Svg];
        let lower = text.to_ascii_lowercase();
        match lower.as_str() {
            "jpg" => Some(Self::Jpeg),
            "tif" => Some(Self::Tiff),
            "heif" => Some(Self::Heic),
            name => all.into_iter().find(|format| format.as_str() == name),
        }
    }

    /// The name of a file's ending.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            other => other.as_str(),
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Heic => "image/heic",
            Self::Tiff => "image/tiff",
            Self::Svg => "image/svg+xml",
        }
    }

    /// Whether pixels can be transparent.
    pub const fn has_alpha(self) -> bool {
        !matches!(self, Self::Jpeg)
    }

    /// Whether it can be written.
    pub fn is_written(self) -> bool {
        Self::WRITTEN.contains(&self)
    }
}
