//! What is to be done with a picture: the one form into which every grammar parses.

mod color;
mod place;
mod size;

use serde::Serialize;

pub use color::Color;
pub use place::{Gravity, Place};
pub use size::{Fit, Resize};

use crate::Format;

/// Steps that a pipeline may have; more is refused.
pub const MAX_STEPS: usize = 32;

/// A picture's way from source to answer. Its text form (`Display`) is the canonical `iopcmd`, so two requests
/// that mean the same have the same text, whatever grammar they came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Turn the picture upright by its EXIF orientation before anything else. On by default: a viewer sees the
    /// original upright as well.
    pub upright: bool,
    /// Which frames of an animation are used.
    pub frames: Frames,
    /// In the order in which they are carried out.
    pub steps: Vec<Step>,
    /// What is handed back.
    pub deliver: Deliver,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self { upright: true, frames: Frames::All, steps: Vec::new(), deliver: Deliver::Picture(Encoding::default()) }
    }
}

impl Pipeline {
    /// The encoding of a pipeline that delivers a picture, made into one first when it is not.
    pub(crate) fn encoding(&mut self) -> &mut Encoding {
        if !matches!(self.deliver, Deliver::Picture(_)) {
            self.deliver = Deliver::Picture(Encoding::default());
        }
        match &mut self.deliver {
            Deliver::Picture(encoding) => encoding,
            Deliver::Answer(_) => unreachable!("made a picture above"),
        }
    }

    /// The pictures that the pipeline needs besides its source.
    pub fn overlays(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Watermark(Watermark { drawing: Drawing::Picture { source, .. }, .. }) => Some(source.as_str()),
            _ => None,
        })
    }
}

/// Which frames of an animation are used when not all fit the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Frames {
    /// All, or as many from the first on as fit.
    #[default]
    All,
    /// The first only, still in the source's format.
    First,
    /// Evenly spread ones; they play faster than the source.
    Spread,
    /// Evenly spread ones, each repeated, so that the number of frames stays.
    SpreadRepeated,
    /// Evenly spread ones, each shown for longer, so that the playing time stays.
    SpreadStretched,
    /// One still picture at this part of the frames, in thousandths.
    At(u16),
}

/// One thing done with a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// What surrounds the picture in one colour is cut off; only as the first step.
    Trim(Trim),
    /// Another size.
    Resize(Resize),
    /// A rectangle of it; 0 means as far as it goes.
    Crop {
        /// Pixels, 0 for all that is there.
        width: u32,
        /// Pixels, 0 for all that is there.
        height: u32,
        /// Where the rectangle lies.
        place: Place,
    },
    /// One of the equal tiles that the picture is cut into; one that is not there leaves the picture whole.
    Tile {
        /// Whether tiles lie side by side or one above the other.
        axis: Axis,
        /// Pixels along that axis.
        length: u32,
        /// Counted from 0.
        index: u32,
    },
    /// The most interesting rectangle of this size.
    SmartCrop {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// Turned clockwise; what becomes visible at the corners is transparent, or white without transparency.
    Rotate {
        /// Degrees clockwise.
        degrees: u16,
    },
    /// Mirrored along an axis: `X` swaps left and right.
    Flip(Axis),
    /// The largest circle at the centre up to this radius; outside is transparent.
    Circle {
        /// Pixels.
        radius: u32,
    },
    /// Rounded corners; outside is transparent.
    Rounded {
        /// Pixels.
        radius: u32,
    },
    /// More room around the picture.
    Extend {
        /// Pixels on the left, top, right and bottom.
        sides: [u32; 4],
        /// What fills it.
        color: Color,
    },
    /// Laid on a colour, without transparency afterwards.
    Flatten(Color),
    /// From -100 to 100.
    Bright(i8),
    /// From -100 to 100.
    Contrast(i8),
    /// Unsharp mask.
    Sharpen {
        /// Pixels from which the mask is cut off; 0 lets sigma decide.
        radius: u32,
        /// Standard deviation in pixels.
        sigma: f32,
        /// How much of the mask is added, in percent.
        amount: u16,
    },
    /// Blurred, everywhere or in a rectangle.
    Blur {
        /// The kernel's shape.
        kernel: Kernel,
        /// Pixels from which the kernel is cut off; 0 lets sigma decide.
        radius: u32,
        /// Standard deviation in pixels.
        sigma: f32,
        /// Only this width, height and place of the picture.
        area: Option<(u32, u32, Place)>,
    },
    /// A text or picture laid over it.
    Watermark(Watermark),
    /// An invisible mark that carries a short text.
    Mark {
        /// At most 16 bytes of UTF-8.
        text: String,
        /// From 1 (hardly to be found) to 10 (hardly to be missed); 4 by default.
        strength: u8,
    },
}

/// What is taken for a border that is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// How far a channel may be from the border's colour and still belong to it.
    pub threshold: u8,
    /// The border's colour; that of the first pixel when it is not given.
    pub color: Option<Color>,
    /// As much is cut off at the left as at the right, and at the top as at the bottom.
    pub equal: (bool, bool),
}

/// The axis along which something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// From left to right.
    X,
    /// From top to bottom.
    Y,
}

/// The shape of a blur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The mean of a square.
    Box,
    /// A bell.
    Gaussian,
}

/// A text or a picture laid over another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Watermark {
    /// What is drawn.
    pub drawing: Drawing,
    /// Where; for tiles, where the first one begins.
    pub place: Place,
    /// Percent, from 1 to 100.
    pub opacity: u8,
    /// Degrees clockwise.
    pub rotate: u16,
    /// Repeated over the whole picture.
    pub tiled: bool,
}

/// What a watermark draws.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawing {
    /// A line of text, in Chinese or any other script that the fonts have.
    Text {
        /// What is written.
        text: String,
        /// Name of the font; one that is not there is replaced by the built-in one.
        font: Option<String>,
        /// Height of the letters in pixels.
        size: u32,
        /// Colour of the letters.
        color: Color,
        /// Darkness of a shadow behind the letters, in percent.
        shadow: u8,
    },
    /// Another picture.
    Picture {
        /// How the caller finds it; a URL or a key.
        source: String,
        /// Width in percent of the picture below; 0 leaves it as it is.
        scale: u16,
    },
}

/// What a pipeline hands back.
#[derive(Clone, Debug, PartialEq)]
pub enum Deliver {
    /// A picture.
    Picture(Encoding),
    /// A JSON document about it.
    Answer(Question),
}

/// What can be asked about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Width, height, format and more.
    Info,
    /// The EXIF fields of the original.
    Exif,
    /// The mean colour.
    Hue,
    /// The text of an invisible mark.
    Mark,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Encoding {
    /// The format.
    pub target: Target,
    /// How much may be lost.
    pub quality: Option<Quality>,
    /// Written so that a coarse picture comes first.
    pub interlace: bool,
    /// The best quality that fits in so many bytes.
    pub max_bytes: Option<u32>,
}

/// Which format is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Target {
    /// The source's, or its nearest relative that can be written.
    #[default]
    Source,
    /// The smallest that the client accepts.
    Accepted,
    /// This one.
    Format(Format),
}

/// How much may be lost, from 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// On the encoder's own scale.
    Absolute(u8),
    /// In percent of the source's quality, where that can be told (JPEG).
    Relative(u8),
}
