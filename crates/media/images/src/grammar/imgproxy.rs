//! imgproxy's path URLs: `/SIGNATURE/OPTIONS…/plain/SOURCE@webp` or `/SIGNATURE/OPTIONS…/BASE64.webp`.
//!
//! Options are carried out in imgproxy's order, not in that of the URL. The signature is checked by a pure function.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::params::decode_text;
use super::{Grammar, GrammarError, MAX_REQUEST_BYTES, Params, Problem, percent_decode};
use crate::Format;
use crate::pipeline::{
    Axis, Color, Drawing, Fit, Gravity, Kernel, MAX_STEPS, Pipeline, Place, Quality, Resize, Step, Target, Trim,
    Watermark,
};

const SIDE: i64 = 30_000;

/// What a path asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The signature's segment as it stands, for [`verify`].
    pub signature: String,
    /// What to do.
    pub pipeline: Pipeline,
    /// The source: a key or a URL, as the path has it.
    pub source: String,
    /// Unix seconds from which on the request is no longer good.
    pub expires: Option<u64>,
}

/// A key with its salt; several may be valid at a time, so that they can be changed.
#[derive(Clone)]
pub struct Key {
    /// Secret bytes.
    pub key: Vec<u8>,
    /// Bytes put before the path.
    pub salt: Vec<u8>,
}

/// Whether the first segment of `path` is the signature of the rest under one of the keys. The signature may be cut
/// to no less than 16 bytes.
pub fn verify(path: &str, keys: &[Key]) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let Some((signature, rest)) = path.split_once('/') else { return false };
    let Ok(given) = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')) else { return false };
    if !(16..=32).contains(&given.len()) {
        return false;
    }
    keys.iter().any(|Key { key, salt }| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
        for part in [salt.as_slice(), b"/", rest.as_bytes()] {
            mac.update(part);
        }
        // Compares in constant time.
        mac.verify_truncated_left(&given).is_ok()
    })
}

/// The signature of a path that begins with a slash, for those who make URLs.
pub fn sign(path: &str, key: &Key) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.key) else { return String::new() };
    mac.update(&key.salt);
    mac.update(path.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Reads a path that begins with the signature's segment; whether that is right is another question.
///
/// # Errors
/// The option and the argument that are wrong, and how.
pub fn parse(path: &str) -> Result<Request, GrammarError> {
    let whole = |problem| GrammarError::new(Grammar::Imgproxy, "", "", problem);
    if path.len() > MAX_REQUEST_BYTES {
        return Err(whole(Problem::Length { given: path.len(), max: MAX_REQUEST_BYTES }));
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    let (signature, mut rest) =
        path.split_once('/').ok_or_else(|| whole(Problem::Syntax("/SIGNATURE/OPTIONS/SOURCE")))?;
    let mut options = Options::default();
    let mut count = 0;
    let (source, extension) = loop {
        if let Some(plain) = rest.strip_prefix("plain/") {
            let (source, extension) = plain.rsplit_once('@').unwrap_or((plain, ""));
            let source = percent_decode(source).ok_or_else(|| whole(Problem::Syntax("escapes must be UTF-8")))?;
            break (source, extension.to_owned());
        }
        match rest.split_once('/') {
            Some((segment, after)) if segment.contains(':') || is_bare(segment) => {
                count += 1;
                if count > MAX_STEPS {
                    return Err(whole(Problem::Syntax("a path has at most 32 options")));
                }
                options.read(segment)?;
                rest = after;
            }
            _ => {
                // The encoded source may be cut by slashes.
                let (encoded, extension) = rest.rsplit_once('.').unwrap_or((rest, ""));
                let joined: String = encoded.split('/').collect();
                let source = decode_text(&joined).ok_or_else(|| whole(Problem::NoBase64))?;
                break (source, extension.to_owned());
            }
        }
    };
    if source.is_empty() {
        return Err(whole(Problem::Syntax("the source is missing")));
    }
    if !extension.is_empty() {
        options.read(&format!("format:{extension}"))?;
    }
    if matches!(options.kind, Kind::FillDown | Kind::Auto)
        && options.gravity.flatten().is_some_and(|place| (place.x, place.y) != (0, 0))
    {
        let problem = Problem::NotServed("offsets of a gravity together with fill-down or auto; give a focus point");
        return Err(GrammarError::new(Grammar::Imgproxy, "gravity", "2", problem));
    }
    let expires = options.expires;
    Ok(Request { signature: signature.to_owned(), pipeline: options.pipeline(), source, expires })
}

/// Options that make sense without an argument.
fn is_bare(segment: &str) -> bool {
    matches!(segment, "enlarge" | "el" | "extend" | "ex" | "auto_rotate" | "ar")
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Kind {
    #[default]
    Fit,
    Fill,
    FillDown,
    Auto,
    Force,
}

/// The options as they are given, before they are put in order.
#[derive(Default)]
struct Options {
    kind: Kind,
    width: u32,
    height: u32,
    zoom: Option<f32>,
    dpr: Option<f32>,
    least: (u32, u32),
    trim: Option<Trim>,
    enlarge: bool,
    extend: bool,
    gravity: Option<Option<Place>>,
    crop: Option<(u32, u32, Option<Option<Place>>)>,
    padding: Option<[u32; 4]>,
    upright: Option<bool>,
    rotate: u16,
    flips: (bool, bool),
    background: Option<Color>,
    blur: f32,
    sharpen: f32,
    brightness: i8,
    contrast: i8,
    watermark: Option<(u8, Place, bool, u16)>,
    watermark_source: Option<String>,
    target: Option<Target>,
    quality: Option<u8>,
    max_bytes: Option<u32>,
    expires: Option<u64>,
}

impl Options {
    fn read(&mut self, segment: &str) -> Result<(), GrammarError> {
        let mut parts = segment.split(':');
        let name = parts.next().unwrap_or("");
        let args = parts.enumerate().map(|(ix, value)| ((ix + 1).to_string(), value.to_owned()));
        // An empty argument keeps its default.
        let mut params = Params::new(Grammar::Imgproxy, name, args.filter(|(_, value)| !value.is_empty()))?;
        self.option(name, &mut params)?;
        params.finish()
    }

    fn option(&mut self, name: &str, params: &mut Params) -> Result<(), GrammarError> {
        match name {
            "resize" | "rs" => {
                self.kind = kind(params)?.unwrap_or(self.kind);
                self.size(params, 2)?;
            }
            "size" | "s" => self.size(params, 1)?,
            "resizing_type" | "rt" => self.kind = kind(params)?.ok_or_else(|| params.error("1", Problem::Missing))?,
            "width" | "w" => self.width = params.need("1", 0, SIDE)?,
            "height" | "h" => self.height = params.need("1", 0, SIDE)?,
            "min-width" | "mw" => self.least.0 = params.need("1", 0, SIDE)?,
            "min-height" | "mh" => self.least.1 = params.need("1", 0, SIDE)?,
            "trim" | "t" => {
                let threshold = params.float("1", 0.0, 255.0)?.ok_or_else(|| params.error("1", Problem::Missing))?;
                let threshold = u8::try_from(whole(threshold, 0, 255)).unwrap_or(u8::MAX);
                let color = params.color("2")?;
                let equal = (params.flag("3")?.unwrap_or(false), params.flag("4")?.unwrap_or(false));
                self.trim = Some(Trim { threshold, color, equal });
            }
            "zoom" | "z" => self.zoom = params.float("1", 0.01, 10.0)?,
            "dpr" => self.dpr = params.float("1", 0.01, 8.0)?,
            "enlarge" | "el" => self.enlarge = params.flag("1")?.unwrap_or(true),
            "extend" | "ex" => self.extend = params.flag("1")?.unwrap_or(true),
            "gravity" | "g" => self.gravity = place(params, 1)?,
            "crop" | "c" => {
                let (width, height) = (params.need("1", 0, SIDE)?, params.int("2", 0, SIDE)?.unwrap_or(0));
                self.crop = Some((width, height, place(params, 3)?));
            }
            "padding" | "pd" => {
                let top = params.int("1", 0, SIDE)?.unwrap_or(0);
                let right = params.int("2", 0, SIDE)?.unwrap_or(top);
                let bottom = params.int("3", 0, SIDE)?.unwrap_or(top);
                let left = params.int("4", 0, SIDE)?.unwrap_or(right);
                self.padding = Some([left, top, right, bottom]);
            }
            "auto_rotate" | "ar" => self.upright = Some(params.flag("1")?.unwrap_or(true)),
            "rotate" | "rot" => self.rotate = params.need("1", 0, 360)?,
            "flip" | "fl" => {
                self.flips = (params.flag("1")?.unwrap_or(false), params.flag("2")?.unwrap_or(false));
            }
            "background" | "bg" => self.background = background(params)?,
            "blur" | "bl" => self.blur = params.float("1", 0.0, 50.0)?.unwrap_or(0.0),
            "sharpen" | "sh" => self.sharpen = params.float("1", 0.0, 10.0)?.unwrap_or(0.0),
            "brightness" | "br" => self.brightness = params.need("1", -100, 100)?,
            "contrast" | "co" => self.contrast = params.need("1", -100, 100)?,
            "watermark" | "wm" => self.watermark(params)?,
            "watermark_url" | "wmu" => self.watermark_source = params.text("1", 2048)?,
            "format" | "f" | "ext" => {
                let mut words = Format::WRITTEN.map(|format| (format.as_str(), Target::Format(format))).to_vec();
                words.extend([("jpg", Target::Format(Format::Jpeg)), ("best", Target::Accepted)]);
                self.target = params.choice("1", &words)?;
            }
            "quality" | "q" => self.quality = params.int("1", 0, 100)?.filter(|q: &u8| *q > 0),
            "max_bytes" | "mb" => {
                self.max_bytes = params.int("1", 0, i64::from(u32::MAX))?.filter(|bytes: &u32| *bytes > 0);
            }
            "expires" | "exp" => self.expires = Some(params.need("1", 0, i64::MAX)?),
            // Metadata is always left out and colours always come out in sRGB; a cache buster has done its work.
            "strip_metadata" | "sm" | "strip_color_profile" | "scp" => {
                let _ = params.flag("1")?;
            }
            "cachebuster" | "cb" => {
                let _ = params.raw("1");
            }
            "preset" | "pr" | "pixelate" | "pix" | "raw" | "page" | "pg" => {
                return Err(params.error("", Problem::NotServed("an option of imgproxy that has no counterpart")));
            }
            _ => return Err(GrammarError::new(Grammar::Imgproxy, name, "", Problem::UnknownCommand)),
        }
        Ok(())
    }

    /// Width, height, enlarge and extend from argument `from` on.
    fn size(&mut self, params: &mut Params, from: u8) -> Result<(), GrammarError> {
        let name = |ix: u8| (from + ix).to_string();
        self.width = params.int(&name(0), 0, SIDE)?.unwrap_or(0);
        self.height = params.int(&name(1), 0, SIDE)?.unwrap_or(0);
        self.enlarge = params.flag(&name(2))?.unwrap_or(self.enlarge);
        self.extend = params.flag(&name(3))?.unwrap_or(self.extend);
        Ok(())
    }

    /// `opacity:position:x:y:scale`, opacity from 0 to 1.
    fn watermark(&mut self, params: &mut Params) -> Result<(), GrammarError> {
        let opacity = params.float("1", 0.0, 1.0)?.ok_or_else(|| params.error("1", Problem::Missing))?;
        let tiled = params.raw("2").as_deref() == Some("re");
        let mut at =
            if tiled { Place::default() } else { place_words(params, "2")?.unwrap_or(Place::at(Gravity::Center)) };
        at.x = params.int("3", -SIDE, SIDE)?.unwrap_or(0);
        at.y = params.int("4", -SIDE, SIDE)?.unwrap_or(0);
        let scale = params.float("5", 0.0, 10.0)?.unwrap_or(0.0);
        self.watermark = (opacity > 0.0).then(|| (percent(opacity), at, tiled, whole(scale * 100.0, 0, 1000)));
        Ok(())
    }

    /// In imgproxy's order: trim, crop, scale, turn, cut, filters, extend, pad, flatten, watermark.
    fn pipeline(self) -> Pipeline {
        let mut pipeline = Pipeline { upright: self.upright.unwrap_or(true), ..Pipeline::default() };
        let gravity = self.gravity.unwrap_or(Some(Place::at(Gravity::Center)));
        let mut steps: Vec<Step> = self.trim.map(Step::Trim).into_iter().collect();
        if let Some((width, height, at)) = self.crop {
            match at.unwrap_or(gravity) {
                Some(place) => steps.push(Step::Crop { width, height, place }),
                None => steps.push(Step::SmartCrop { width: width.max(1), height: height.max(1) }),
            }
        }
        let factor = self.dpr.unwrap_or(1.0) * self.zoom.unwrap_or(1.0);
        let scaled =
            |side: u32| -> u32 { if side == 0 { 0 } else { u32::from(whole(side as f32 * factor, 1, 30_000)) } };
        let size = (scaled(self.width), scaled(self.height));
        // A source is as dense as the screen: so is the least that is asked for, but a zoom does not touch it.
        let dense = |side: u32| -> u32 {
            if side == 0 { 0 } else { u32::from(whole(side as f32 * self.dpr.unwrap_or(1.0), 1, 30_000)) }
        };
        let least = (dense(self.least.0), dense(self.least.1));
        steps.extend(self.resize(size, least, gravity));
        if !self.rotate.is_multiple_of(360) {
            steps.push(Step::Rotate { degrees: self.rotate });
        }
        steps.extend(self.flips.0.then_some(Step::Flip(Axis::X)));
        steps.extend(self.flips.1.then_some(Step::Flip(Axis::Y)));
        if self.brightness != 0 {
            steps.push(Step::Bright(self.brightness));
        }
        if self.contrast != 0 {
            steps.push(Step::Contrast(self.contrast));
        }
        if self.blur > 0.0 {
            steps.push(Step::Blur { kernel: Kernel::Gaussian, radius: 0, sigma: self.blur, area: None });
        }
        if self.sharpen > 0.0 {
            steps.push(Step::Sharpen { radius: 0, sigma: self.sharpen, amount: 100 });
        }
        let color = self.background.unwrap_or(Color::CLEAR);
        if self.extend && size.0 > 0 && size.1 > 0 {
            steps.push(Step::Resize(Resize::new(Fit::Canvas(size.0, size.1, color))));
        }
        if let Some(sides) = self.padding {
            steps.push(Step::Extend { sides, color });
        }
        steps.extend(self.background.map(Step::Flatten));
        if let Some((opacity, place, tiled, scale)) = self.watermark {
            let source = self.watermark_source.unwrap_or_else(|| DEFAULT_WATERMARK.to_owned());
            let drawing = Drawing::Picture { source, scale };
            steps.push(Step::Watermark(Watermark { drawing, place, opacity, rotate: 0, tiled }));
        }
        pipeline.steps = steps;
        let encoding = pipeline.encoding();
        encoding.target = self.target.unwrap_or_default();
        encoding.quality = self.quality.map(Quality::Absolute);
        encoding.max_bytes = self.max_bytes;
        pipeline
    }

    fn resize(&self, (width, height): (u32, u32), least: (u32, u32), gravity: Option<Place>) -> Vec<Step> {
        let enlarge = self.enlarge;
        let one = |fit| vec![Step::Resize(Resize { fit, enlarge, least })];
        // What is larger than asked for, so that it has the least, is cut to what was asked for.
        let cut = match gravity {
            _ if least == (0, 0) || (width, height) == (0, 0) => None,
            Some(place) => Some(Step::Crop { width, height, place }),
            None => Some(Step::Crop { width, height, place: Place::at(Gravity::Center) }),
        };
        let mut steps = match (self.kind, width, height) {
            (_, 0, 0) if least == (0, 0) => Vec::new(),
            (_, 0, 0) => one(Fit::Scale(100, 100)),
            (_, width, 0) => one(Fit::Width(width)),
            (_, 0, height) => one(Fit::Height(height)),
            (Kind::Fit, ..) => one(Fit::Inside(width, height)),
            (Kind::Force, ..) => one(Fit::Stretch(width, height)),
            (Kind::FillDown, ..) if !enlarge => one(Fit::CoverDown(width, height, gravity.map(|place| place.gravity))),
            (Kind::Auto, ..) => one(Fit::Auto(width, height, gravity.map(|place| place.gravity))),
            (Kind::Fill | Kind::FillDown, ..) => match gravity {
                Some(Place { gravity, x: 0, y: 0 }) => one(Fit::CoverCrop(width, height, Some(gravity))),
                None => one(Fit::CoverCrop(width, height, None)),
                Some(place) => {
                    let mut steps = one(Fit::Cover(width, height));
                    steps.push(Step::Crop { width, height, place });
                    steps
                }
            },
        };
        steps.extend(cut);
        steps
    }
}

/// The reference of the watermark that imgproxy would have in its configuration.
pub const DEFAULT_WATERMARK: &str = "default";

/// Rounds and clamps.
fn whole(number: f32, min: u16, max: u16) -> u16 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u16's range")]
    let whole = number.round().clamp(f32::from(min), f32::from(max)) as u16;
    whole
}

/// Percent of a part of one, at least 1.
fn percent(part: f32) -> u8 {
    u8::try_from(whole(part * 100.0, 1, 100)).unwrap_or(100)
}

fn kind(params: &mut Params) -> Result<Option<Kind>, GrammarError> {
    params.choice(
        "1",
        &[
            ("fit", Kind::Fit),
            ("fill", Kind::Fill),
            ("fill-down", Kind::FillDown),
            ("auto", Kind::Auto),
            ("force", Kind::Force),
        ],
    )
}

fn place_words(params: &mut Params, name: &str) -> Result<Option<Place>, GrammarError> {
    let words = [
        ("nowe", Gravity::NorthWest),
        ("no", Gravity::North),
        ("noea", Gravity::NorthEast),
        ("we", Gravity::West),
        ("ce", Gravity::Center),
        ("ea", Gravity::East),
        ("sowe", Gravity::SouthWest),
        ("so", Gravity::South),
        ("soea", Gravity::SouthEast),
    ];
    Ok(params.choice(name, &words)?.map(Place::at))
}

/// A gravity with its offsets from argument `from` on; `sm` is smart, which is `Some(None)`.
fn place(params: &mut Params, from: u8) -> Result<Option<Option<Place>>, GrammarError> {
    let name = from.to_string();
    match params.raw(&name).as_deref() {
        None => return Ok(None),
        Some("sm") => return Ok(Some(None)),
        Some("fp") => {
            let mut part = |at: u8| {
                let name = (from + at).to_string();
                params.float(&name, 0.0, 1.0)?.ok_or_else(|| params.error(&name, Problem::Missing))
            };
            return Ok(Some(Some(Place::at(Gravity::focus(part(1)?, part(2)?)))));
        }
        Some(_) => {}
    }
    let mut place = place_words(params, &name)?.unwrap_or_default();
    place.x = params.int(&(from + 1).to_string(), -SIDE, SIDE)?.unwrap_or(0);
    place.y = params.int(&(from + 2).to_string(), -SIDE, SIDE)?.unwrap_or(0);
    Ok(Some(Some(place)))
}

/// `RRGGBB`, or three numbers from 0 to 255.
fn background(params: &mut Params) -> Result<Option<Color>, GrammarError> {
    if params.raw("2").is_none() {
        return params.color("1");
    }
    let (red, green, blue) = (params.need("1", 0, 255)?, params.need("2", 0, 255)?, params.need("3", 0, 255)?);
    Ok(Some(Color::rgb(red, green, blue)))
}

#[cfg(test)]
#[path = "imgproxy_tests.rs"]
mod tests;
