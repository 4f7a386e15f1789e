//! UFile's grammar: `iopcmd=COMMAND&name=value|iopcmd=…`, with all of its commands and a few more of Doorstep's.
//!
//! More than UFile has: `smartcrop`, `trim`, `flip`, `pad`, `flatten`, `mark` and `readmark`, `frames`; `enlarge=0`,
//! `down`, `auto`, `minwidth`, `minheight` and `gravity` of a thumbnail; `gravity=Focus` with `fx` and `fy`, `dx` and
//! `dy` beside a gravity; `dst=avif|gif|auto`, `bytes` and `interlace` of convert; `tile` and `shadow` of a watermark.

use super::{Grammar, GrammarError, MAX_REQUEST_BYTES, Params, Problem, percent_decode};
use crate::Format;
use crate::pipeline::{
    Axis, Color, Deliver, Drawing, Encoding, Fit, Frames, Gravity, Kernel, MAX_STEPS, Pipeline, Place, Quality,
    Question, Resize, Step, Target, Trim, Watermark,
};

/// The largest side in pixels that a request may name.
const SIDE: i64 = 30_000;
/// The largest text of a watermark in bytes.
const TEXT: usize = 512;

/// Reads a query. The bar between commands may be raw or `%7C`; values may be percent-escaped.
///
/// # Errors
/// The command and the parameter that are wrong, and how.
pub fn parse(query: &str) -> Result<Pipeline, GrammarError> {
    let whole = |problem| GrammarError::new(Grammar::Iopcmd, "", "", problem);
    if query.len() > MAX_REQUEST_BYTES {
        return Err(whole(Problem::Length { given: query.len(), max: MAX_REQUEST_BYTES }));
    }
    let query = query.strip_prefix('?').unwrap_or(query).replace("%7C", "|").replace("%7c", "|");
    let mut pipeline = Pipeline::default();
    let mut commands = 0;
    for part in query.split('|') {
        commands += 1;
        if commands > MAX_STEPS {
            return Err(whole(Problem::Syntax("a pipeline has at most 32 commands")));
        }
        command(part, &mut pipeline)?;
    }
    Ok(pipeline)
}

fn command(text: &str, pipeline: &mut Pipeline) -> Result<(), GrammarError> {
    let whole = |problem| GrammarError::new(Grammar::Iopcmd, "", "", problem);
    let mut name = None;
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let decoded = match pair.split_once('=') {
            Some((key, value)) => percent_decode(key).zip(percent_decode(value)),
            // Who signs an address escapes the `=` behind a pipe as well.
            None => percent_decode(pair).map(|pair| match pair.split_once('=') {
                Some((key, value)) => (key.to_owned(), value.to_owned()),
                None => (pair, String::new()),
            }),
        };
        let (key, value) = decoded.ok_or_else(|| whole(Problem::Syntax("escapes must be UTF-8")))?;
        if key == "iopcmd" && name.is_none() {
            name = Some(value);
        } else {
            pairs.push((key, value));
        }
    }
    let name = name.ok_or_else(|| whole(Problem::Syntax("each command begins with iopcmd=NAME")))?;
    if matches!(pipeline.deliver, Deliver::Answer(_)) {
        let problem = Problem::Syntax("nothing can follow a command that answers with a document");
        return Err(GrammarError::new(Grammar::Iopcmd, &name, "", problem));
    }
    let mut params = Params::new(Grammar::Iopcmd, &name, pairs)?;
    let params = &mut params;
    match name.as_str() {
        "imageinfo" => pipeline.deliver = Deliver::Answer(Question::Info),
        "exif" => pipeline.deliver = Deliver::Answer(Question::Exif),
        "averagehue" => pipeline.deliver = Deliver::Answer(Question::Hue),
        "readmark" => pipeline.deliver = Deliver::Answer(Question::Mark),
        "auto-orient" => pipeline.upright = params.flag("value")?.unwrap_or(true),
        "frames" => {
            if let Some(frames) = gif_mode(params)?.or(position(params)?) {
                pipeline.frames = frames;
            }
        }
        "thumbnail" => thumbnail(params, pipeline)?,
        // Where the border ends is found out before everything else is planned.
        "trim" if !pipeline.steps.is_empty() => {
            return Err(params.error("", Problem::Syntax("trim comes before all other steps")));
        }
        "convert" => convert(params, pipeline)?,
        "interlace" => {
            if params.flag("value")?.unwrap_or(true) {
                let encoding = pipeline.encoding();
                encoding.interlace = true;
                encoding.target = Target::Format(Format::Jpeg);
            }
        }
        _ => pipeline.steps.push(step(&name, params)?),
    }
    std::mem::replace(params, Params::new(Grammar::Iopcmd, &name, [])?).finish()
}

fn gif_mode(params: &mut Params) -> Result<Option<Frames>, GrammarError> {
    Ok(params.int("gifmode", 1, 6)?.map(|mode: u8| match mode {
        2 => Frames::First,
        4 => Frames::Spread,
        5 => Frames::SpreadRepeated,
        6 => Frames::SpreadStretched,
        _ => Frames::All,
    }))
}

/// A still at a part of the frames, from 0.0 to 1.0.
fn position(params: &mut Params) -> Result<Option<Frames>, GrammarError> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    Ok(params.float("fr", 0.0, 1.0)?.map(|part| Frames::At((part * 1000.0).round() as u16)))
}

fn quality(params: &mut Params) -> Result<Option<Quality>, GrammarError> {
    // Q wins when both are there.
    let relative = params.int("q", 0, 100)?.map(|q: u8| Quality::Relative(q.max(1)));
    let absolute = params.int("Q", 0, 100)?.map(|q: u8| Quality::Absolute(q.max(1)));
    Ok(absolute.or(relative))
}

fn thumbnail(params: &mut Params, pipeline: &mut Pipeline) -> Result<(), GrammarError> {
    let kind: u8 = params.need("type", 1, 15)?;
    let fit = match kind {
        1..=3 => {
            let percent: u32 = params.need("scale", 1, 10_000)?;
            match kind {
                1 => Fit::Scale(percent, percent),
                2 => Fit::Scale(100, percent),
                _ => Fit::Scale(percent, 100),
            }
        }
        4 => Fit::Width(params.need("width", 1, SIDE)?),
        5 => Fit::Height(params.need("height", 1, SIDE)?),
        8 => {
            // The documented reading: a side that is not given takes the other's number.
            let (width, height) = (params.int("width", 1, SIDE)?, params.int("height", 1, SIDE)?);
            let some = width.or(height).ok_or_else(|| params.error("width", Problem::Missing))?;
            Fit::CoverCrop(width.unwrap_or(some), height.unwrap_or(some), focus(params)?)
        }
        _ => {
            let (width, height) = (params.need("width", 1, SIDE)?, params.need("height", 1, SIDE)?);
            let color = params.color("color")?.unwrap_or(Color::WHITE);
            match kind {
                6 => Fit::LongSide(width, height),
                7 => Fit::ShortSide(width, height),
                10 => Fit::Cover(width, height),
                11 => Fit::Stretch(width, height),
                12 => Fit::Canvas(width, height, color),
                13 => Fit::CoverCrop(width, height, focus(params)?),
                15 => Fit::Pad(width, height, color),
                _ => Fit::Inside(width, height),
            }
        }
    };
    let mut enlarge = params.flag("enlarge")?.unwrap_or(kind != 14);
    let (down, auto) = (params.flag("down")?.unwrap_or(false), params.flag("auto")?.unwrap_or(false));
    let fit = match fit {
        Fit::CoverCrop(width, height, focus) if down => {
            enlarge = false;
            Fit::CoverDown(width, height, focus)
        }
        Fit::CoverCrop(width, height, focus) if auto => Fit::Auto(width, height, focus),
        fit => fit,
    };
    let mut least = |name| Ok::<u32, GrammarError>(params.int(name, 0, SIDE)?.unwrap_or(0));
    let least = (least("minwidth")?, least("minheight")?);
    // Parameters that a rule does not use are often sent along.
    for unused in ["width", "height", "scale", "color"] {
        let _ = params.raw(unused);
    }
    if let Some(frames) = gif_mode(params)? {
        pipeline.frames = frames;
    }
    if let Some(quality) = quality(params)? {
        pipeline.encoding().quality = Some(quality);
    }
    pipeline.steps.push(Step::Resize(Resize { fit, enlarge, least }));
    Ok(())
}

/// Where a covering picture is cut: a place, or `smart`.
fn focus(params: &mut Params) -> Result<Option<Gravity>, GrammarError> {
    if params.raw("gravity").is_some_and(|word| word.eq_ignore_ascii_case("smart")) {
        return Ok(None);
    }
    Ok(params.gravity("gravity")?.or(Some(Gravity::Center)))
}

fn convert(params: &mut Params, pipeline: &mut Pipeline) -> Result<(), GrammarError> {
    let targets = [
        ("jpg", Target::Format(Format::Jpeg)),
        ("jpeg", Target::Format(Format::Jpeg)),
        ("png", Target::Format(Format::Png)),
        ("bmp", Target::Format(Format::Bmp)),
        ("webp", Target::Format(Format::WebP)),
        ("avif", Target::Format(Format::Avif)),
        ("gif", Target::Format(Format::Gif)),
        ("auto", Target::Accepted),
        ("source", Target::Source),
    ];
    let before = *pipeline.encoding();
    let encoding = Encoding {
        target: params.choice("dst", &targets)?.unwrap_or(before.target),
        quality: quality(params)?.or(before.quality),
        interlace: params.flag("interlace")?.unwrap_or(before.interlace),
        max_bytes: params.int("bytes", 1, i64::from(u32::MAX))?.or(before.max_bytes),
    };
    *pipeline.encoding() = encoding;
    if let Some(frames) = position(params)? {
        pipeline.frames = frames;
    }
    Ok(())
}

/// Gravity and anchor; the anchor is an offset from where the gravity points.
fn place(params: &mut Params, default: i32) -> Result<Place, GrammarError> {
    let gravity = params.gravity("gravity")?.unwrap_or_default();
    let (x, y) = gravity.margins(default);
    Ok(Place {
        gravity,
        x: params.int("ax", -SIDE, SIDE)?.unwrap_or(x),
        y: params.int("ay", -SIDE, SIDE)?.unwrap_or(y),
    })
}

/// Where a rectangle lies: by its gravity, which wins over an anchor, or by its anchor. Offsets from a gravity have
/// names of their own.
fn area(params: &mut Params) -> Result<Place, GrammarError> {
    let Some(gravity) = params.gravity("gravity")? else { return place(params, 0) };
    let _ = (params.int::<i32>("ax", -SIDE, SIDE)?, params.int::<i32>("ay", -SIDE, SIDE)?);
    let mut offset = |name| Ok::<i32, GrammarError>(params.int(name, -SIDE, SIDE)?.unwrap_or(0));
    Ok(Place { gravity, x: offset("dx")?, y: offset("dy")? })
}

fn step(name: &str, params: &mut Params) -> Result<Step, GrammarError> {
    Ok(match name {
        "crop" => Step::Crop {
            width: params.int("width", 0, SIDE)?.unwrap_or(0),
            height: params.int("height", 0, SIDE)?.unwrap_or(0),
            place: area(params)?,
        },
        "trim" => {
            let threshold = params.int("threshold", 0, 255)?.unwrap_or(10);
            let color = params.color("color")?;
            let mut equal = |name| Ok::<bool, GrammarError>(params.flag(name)?.unwrap_or(false));
            Step::Trim(Trim { threshold, color, equal: (equal("equalx")?, equal("equaly")?) })
        }
        "indexcrop" => {
            let index = params.int("i", 0, i64::from(u16::MAX))?.unwrap_or(0);
            let (x, y) = (params.int("x", 1, SIDE)?, params.int("y", 1, SIDE)?);
            let (axis, length) = match (x, y) {
                (_, Some(length)) => (Axis::Y, length),
                (Some(length), None) => (Axis::X, length),
                (None, None) => return Err(params.error("x", Problem::Missing)),
            };
            Step::Tile { axis, length, index }
        }
        "smartcrop" => {
            Step::SmartCrop { width: params.need("width", 1, SIDE)?, height: params.need("height", 1, SIDE)? }
        }
        "circle" => Step::Circle { radius: params.need("r", 1, 4096)? },
        "rounded-corners" => Step::Rounded { radius: params.need("r", 1, 4096)? },
        "rotate" => Step::Rotate { degrees: params.need("degree", 0, 360)? },
        "flip" => {
            let axis = params.choice("axis", &[("x", Axis::X), ("y", Axis::Y)])?;
            Step::Flip(axis.ok_or_else(|| params.error("axis", Problem::Missing))?)
        }
        "pad" => {
            let mut side = |name| Ok::<u32, GrammarError>(params.int(name, 0, SIDE)?.unwrap_or(0));
            let sides = [side("left")?, side("top")?, side("right")?, side("bottom")?];
            Step::Extend { sides, color: params.color("color")?.unwrap_or(Color::WHITE) }
        }
        "flatten" => Step::Flatten(params.color("color")?.unwrap_or(Color::WHITE)),
        "bright" => Step::Bright(params.need("value", -100, 100)?),
        "contrast" => Step::Contrast(params.need("value", -100, 100)?),
        "sharpen" => Step::Sharpen {
            radius: params.int("radius", 0, 10)?.unwrap_or(0),
            sigma: params.float("sigma", 0.0, 300.0)?.unwrap_or(1.0),
            amount: params.int("amount", 1, 500)?.unwrap_or(100),
        },
        "blur" => blur(params)?,
        "watermark" => Step::Watermark(watermark(params)?),
        "mark" => Step::Mark {
            text: params.text("text", crate::MARK_BYTES)?.ok_or_else(|| params.error("text", Problem::Missing))?,
            strength: params.int("strength", 1, 10)?.unwrap_or(4),
        },
        _ => return Err(GrammarError::new(Grammar::Iopcmd, name, "", Problem::UnknownCommand)),
    })
}

fn blur(params: &mut Params) -> Result<Step, GrammarError> {
    let kernel = if params.int("type", 1, 2)? == Some(1u8) { Kernel::Box } else { Kernel::Gaussian };
    let radius = params.int("radius", 0, 50)?.unwrap_or(0);
    let sigma = params.float("sigma", 0.0, 50.0)?.unwrap_or(if radius > 0 { 0.0 } else { 2.0 });
    let (width, height) = (params.int("width", 1, SIDE)?, params.int("height", 1, SIDE)?);
    let place = area(params)?;
    let area = match (width, height) {
        (None, None) => None,
        (Some(width), Some(height)) => Some((width, height, place)),
        (None, _) => return Err(params.error("width", Problem::Missing)),
        (_, None) => return Err(params.error("height", Problem::Missing)),
    };
    Ok(Step::Blur { kernel, radius, sigma, area })
}

fn watermark(params: &mut Params) -> Result<Watermark, GrammarError> {
    let place = place(params, 10)?;
    let opacity = params.int("opacity", 1, 100)?.unwrap_or(100);
    let rotate = params.int("rotate", 0, 360)?.unwrap_or(0);
    let tiled = params.flag("tile")?.unwrap_or(false);
    let drawing = match params.need("type", 1, 2)? {
        1u8 => {
            let color = match params.text("fill", 64)? {
                Some(text) => params.read_color("fill", &text)?,
                None => Color::WHITE,
            };
            // Letters go as the script goes: the shaper knows better than the caller.
            let _ = params.raw("direction");
            Drawing::Text {
                text: params.text("text", TEXT)?.ok_or_else(|| params.error("text", Problem::Missing))?,
                font: params.text("font", 64)?,
                size: params.int("fontsize", 1, 1000)?.unwrap_or(10),
                color,
                shadow: params.int("shadow", 0, 100)?.unwrap_or(0),
            }
        }
        _ => Drawing::Picture {
            source: params.text("imageurl", 2048)?.ok_or_else(|| params.error("imageurl", Problem::Missing))?,
            scale: params.int("scale", 0, 1000)?.unwrap_or(0),
        },
    };
    Ok(Watermark { drawing, place, opacity, rotate, tiled })
}

#[cfg(test)]
#[path = "iopcmd_tests.rs"]
mod tests;
