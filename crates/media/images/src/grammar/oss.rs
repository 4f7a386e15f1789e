//! Alibaba OSS: the value of `x-oss-process`, like `image/resize,w_512,m_fill/rotate,90/format,webp`.

use super::{Grammar, GrammarError, MAX_REQUEST_BYTES, Params, Problem, percent_decode};
use crate::Format;
use crate::pipeline::{
    Axis, Color, Deliver, Drawing, Fit, Gravity, Kernel, MAX_STEPS, Pipeline, Place, Quality, Question, Resize, Step,
    Target, Watermark,
};

/// OSS's own limit of a side.
const SIDE: i64 = 16_384;

/// Reads the value of `x-oss-process`; `image/` must lead. Pictures are turned upright unless `auto-orient,0` is given:
/// OSS leaves the EXIF field in for the viewer to do that, here metadata is left out.
///
/// # Errors
/// The action and the parameter that are wrong, and how.
pub fn parse(value: &str) -> Result<Pipeline, GrammarError> {
    let whole = |problem| GrammarError::new(Grammar::Oss, "", "", problem);
    if value.len() > MAX_REQUEST_BYTES {
        return Err(whole(Problem::Length { given: value.len(), max: MAX_REQUEST_BYTES }));
    }
    let value = percent_decode(value).ok_or_else(|| whole(Problem::Syntax("escapes must be UTF-8")))?;
    let value = value.strip_prefix("x-oss-process=").unwrap_or(&value);
    let actions = value.strip_prefix("image/").ok_or_else(|| whole(Problem::Syntax("it begins with image/")))?;
    let mut pipeline = Pipeline::default();
    for (ix, text) in actions.split('/').filter(|text| !text.is_empty()).enumerate() {
        if ix >= MAX_STEPS {
            return Err(whole(Problem::Syntax("a pipeline has at most 32 actions")));
        }
        action(text, &mut pipeline)?;
    }
    Ok(pipeline)
}

fn action(text: &str, pipeline: &mut Pipeline) -> Result<(), GrammarError> {
    let (name, rest) = text.split_once(',').unwrap_or((text, ""));
    if matches!(pipeline.deliver, Deliver::Answer(_)) {
        let problem = Problem::Syntax("nothing can follow an action that answers with a document");
        return Err(GrammarError::new(Grammar::Oss, name, "", problem));
    }
    let pairs = rest.split(',').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('_') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        // An action's own value stands without a name.
        None => (String::new(), pair.to_owned()),
    });
    let mut params = Params::new(Grammar::Oss, name, pairs)?;
    let params = &mut params;
    match name {
        "resize" => pipeline.steps.push(resize(params)?),
        "crop" => {
            let width = params.int("w", 0, SIDE)?.unwrap_or(0);
            let height = params.int("h", 0, SIDE)?.unwrap_or(0);
            pipeline.steps.push(Step::Crop { width, height, place: place(params, 0, Gravity::NorthWest)? });
        }
        "indexcrop" => {
            let index = params.int("i", 0, i64::from(u16::MAX))?.unwrap_or(0);
            let (axis, length) = match (params.int("x", 1, SIDE)?, params.int("y", 1, SIDE)?) {
                (_, Some(length)) => (Axis::Y, length),
                (Some(length), None) => (Axis::X, length),
                (None, None) => return Err(params.error("x", Problem::Missing)),
            };
            pipeline.steps.push(Step::Tile { axis, length, index });
        }
        "circle" => pipeline.steps.push(Step::Circle { radius: params.need("r", 1, 4096)? }),
        "rounded-corners" => pipeline.steps.push(Step::Rounded { radius: params.need("r", 1, 4096)? }),
        "rotate" => pipeline.steps.push(Step::Rotate { degrees: params.need("", 0, 360)? }),
        "bright" => pipeline.steps.push(Step::Bright(params.need("", -100, 100)?)),
        "contrast" => pipeline.steps.push(Step::Contrast(params.need("", -100, 100)?)),
        "sharpen" => {
            let amount = params.need("", 50, 399)?;
            pipeline.steps.push(Step::Sharpen { radius: 0, sigma: 1.0, amount });
        }
        "blur" => {
            let radius = params.need("r", 1, 50)?;
            let sigma = params.float("s", 0.01, 50.0)?.ok_or_else(|| params.error("s", Problem::Missing))?;
            pipeline.steps.push(Step::Blur { kernel: Kernel::Gaussian, radius, sigma, area: None });
        }
        "auto-orient" => pipeline.upright = params.flag("")?.unwrap_or(true),
        "interlace" => pipeline.encoding().interlace = params.flag("")?.unwrap_or(true),
        "quality" => {
            let relative = params.int("q", 1, 100)?.map(Quality::Relative);
            let absolute = params.int("Q", 1, 100)?.map(Quality::Absolute);
            let quality = absolute.or(relative).ok_or_else(|| params.error("q", Problem::Missing))?;
            pipeline.encoding().quality = Some(quality);
        }
        "format" => {
            let formats = [
                ("jpg", Target::Format(Format::Jpeg)),
                ("jpeg", Target::Format(Format::Jpeg)),
                ("png", Target::Format(Format::Png)),
                ("webp", Target::Format(Format::WebP)),
                ("bmp", Target::Format(Format::Bmp)),
                ("gif", Target::Format(Format::Gif)),
                ("avif", Target::Format(Format::Avif)),
                ("auto", Target::Accepted),
            ];
            let target = params.choice("", &formats)?.ok_or_else(|| params.error("", Problem::Missing))?;
            pipeline.encoding().target = target;
        }
        "watermark" => pipeline.steps.push(Step::Watermark(watermark(params)?)),
        "info" => pipeline.deliver = Deliver::Answer(Question::Info),
        "average-hue" => pipeline.deliver = Deliver::Answer(Question::Hue),
        _ => return Err(GrammarError::new(Grammar::Oss, name, "", Problem::UnknownCommand)),
    }
    std::mem::replace(params, Params::new(Grammar::Oss, name, [])?).finish()
}

#[derive(Clone, Copy)]
enum Mode {
    Lfit,
    Mfit,
    Fill,
    Pad,
    Fixed,
}

fn resize(params: &mut Params) -> Result<Step, GrammarError> {
    let modes =
        [("lfit", Mode::Lfit), ("mfit", Mode::Mfit), ("fill", Mode::Fill), ("pad", Mode::Pad), ("fixed", Mode::Fixed)];
    let mode = params.choice("m", &modes)?.unwrap_or(Mode::Lfit);
    let (width, height) = (params.int("w", 1, SIDE)?, params.int("h", 1, SIDE)?);
    let (long, short) = (params.int("l", 1, SIDE)?, params.int("s", 1, SIDE)?);
    let percent: Option<u32> = params.int("p", 1, 1000)?;
    let color = params.color("color")?.unwrap_or(Color::WHITE);
    // `limit_1`, the default, never enlarges; percentages may.
    let enlarge = !params.flag("limit")?.unwrap_or(percent.is_none());
    let fit = match (percent, long, short, width, height) {
        (Some(percent), ..) => Fit::Scale(percent, percent),
        (_, Some(long), None, ..) => Fit::LongSide(long, long),
        (_, None, Some(short), ..) => Fit::ShortSide(short, short),
        (_, Some(long), Some(short), ..) => Fit::Inside(long.max(short), long.max(short)),
        (.., Some(width), None) => Fit::Width(width),
        (.., None, Some(height)) => Fit::Height(height),
        (.., Some(width), Some(height)) => match mode {
            Mode::Lfit => Fit::Inside(width, height),
            Mode::Mfit => Fit::Cover(width, height),
            Mode::Fill => Fit::CoverCrop(width, height, Some(Gravity::Center)),
            Mode::Pad => Fit::Pad(width, height, color),
            Mode::Fixed => Fit::Stretch(width, height),
        },
        _ => return Err(params.error("w", Problem::Missing)),
    };
    Ok(Step::Resize(Resize { enlarge, ..Resize::new(fit) }))
}

fn place(params: &mut Params, offset: i32, default: Gravity) -> Result<Place, GrammarError> {
    let places = [
        ("nw", Gravity::NorthWest),
        ("north", Gravity::North),
        ("ne", Gravity::NorthEast),
        ("west", Gravity::West),
        ("center", Gravity::Center),
        ("east", Gravity::East),
        ("sw", Gravity::SouthWest),
        ("south", Gravity::South),
        ("se", Gravity::SouthEast),
    ];
    Ok(Place {
        gravity: params.choice("g", &places)?.unwrap_or(default),
        x: params.int("x", 0, SIDE)?.unwrap_or(offset),
        y: params.int("y", 0, SIDE)?.unwrap_or(offset),
    })
}

fn watermark(params: &mut Params) -> Result<Watermark, GrammarError> {
    let mut place = place(params, 10, Gravity::SouthEast)?;
    let offset = params.int::<i32>("voffset", -1000, 1000)?.unwrap_or(0);
    // Margins count from edges; along an axis on which the middle was asked for there is none.
    let (columns, rows) = place.gravity.margins(1);
    place.x *= columns;
    if rows == 0 {
        place.y = offset;
    }
    let opacity = params.int("t", 0, 100)?.unwrap_or(100u8).max(1);
    let rotate = params.int("rotate", 0, 360)?.unwrap_or(0);
    let tiled = params.flag("fill")?.unwrap_or(false);
    let text = params.text("text", 512)?;
    let picture = params.raw("image");
    let drawing = match (text, picture) {
        (Some(text), None) => Drawing::Text {
            text,
            font: params.text("type", 64)?,
            size: params.int("size", 1, 1000)?.unwrap_or(40),
            color: params.color("color")?.unwrap_or(Color::rgb(0, 0, 0)),
            shadow: params.int("shadow", 0, 100)?.unwrap_or(0),
        },
        (None, Some(encoded)) => {
            let _ = encoded;
            let key = params.text("image", 2048)?.ok_or_else(|| params.error("image", Problem::Missing))?;
            // The picture's own processing may only be a percentage of the picture below.
            let (source, process) = key.split_once('?').map_or((key.as_str(), None), |(k, p)| (k, Some(p)));
            let scale = match process {
                None => params.int("P", 1, 100)?.unwrap_or(0),
                Some(process) => {
                    let percent = process.strip_prefix("x-oss-process=image/resize,P_").and_then(|p| p.parse().ok());
                    percent.filter(|p| (1..=100).contains(p)).ok_or_else(|| {
                        params.error("image", Problem::NotServed("only resize,P_1 to P_100 may process a watermark"))
                    })?
                }
            };
            Drawing::Picture { source: source.to_owned(), scale }
        }
        (None, None) => return Err(params.error("text", Problem::Missing)),
        (Some(_), Some(_)) => {
            return Err(params.error("image", Problem::NotServed("text and picture in one mark; give two marks")));
        }
    };
    Ok(Watermark { drawing, place, opacity, rotate, tiled })
}

#[cfg(test)]
#[path = "oss_tests.rs"]
mod tests;
