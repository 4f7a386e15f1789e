//! The canonical text of a pipeline, in UFile's grammar. Parsing it gives the same pipeline.

use std::fmt::{self, Display, Formatter, Write as _};

use super::params::encode_text;
use crate::pipeline::{
    Axis, Color, Deliver, Drawing, Encoding, Fit, Frames, Gravity, Kernel, Pipeline, Place, Quality, Question, Resize,
    Step, Target, Watermark,
};

impl Display for Pipeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.upright {
            parts.push("auto-orient&value=0".to_owned());
        }
        parts.extend(frames(self.frames));
        parts.extend(self.steps.iter().map(step));
        match &self.deliver {
            Deliver::Picture(encoding) => parts.extend(convert(encoding)),
            Deliver::Answer(question) => parts.push(
                match question {
                    Question::Info => "imageinfo",
                    Question::Exif => "exif",
                    Question::Hue => "averagehue",
                    Question::Mark => "readmark",
                }
                .to_owned(),
            ),
        }
        if parts.is_empty() {
            // A pipeline that does nothing still has a text.
            parts.push("auto-orient&value=1".to_owned());
        }
        for (ix, part) in parts.iter().enumerate() {
            write!(f, "{}iopcmd={part}", if ix == 0 { "" } else { "|" })?;
        }
        Ok(())
    }
}

fn frames(frames: Frames) -> Option<String> {
    Some(match frames {
        Frames::All => return None,
        Frames::First => "frames&gifmode=2".to_owned(),
        Frames::Spread => "frames&gifmode=4".to_owned(),
        Frames::SpreadRepeated => "frames&gifmode=5".to_owned(),
        Frames::SpreadStretched => "frames&gifmode=6".to_owned(),
        Frames::At(part) => format!("frames&fr={}", f32::from(part) / 1000.0),
    })
}

fn convert(encoding: &Encoding) -> Option<String> {
    let mut out = "convert".to_owned();
    match encoding.target {
        Target::Source => {}
        Target::Accepted => out.push_str("&dst=auto"),
        Target::Format(format) => out.push_str(&format!("&dst={}", format.extension())),
    }
    match encoding.quality {
        None => {}
        Some(Quality::Absolute(q)) => out.push_str(&format!("&Q={q}")),
        Some(Quality::Relative(q)) => out.push_str(&format!("&q={q}")),
    }
    if encoding.interlace {
        out.push_str("&interlace=1");
    }
    if let Some(bytes) = encoding.max_bytes {
        out.push_str(&format!("&bytes={bytes}"));
    }
    (out != "convert").then_some(out)
}

fn gravity(gravity: Gravity) -> String {
    let part = |part: u16| f32::from(part) / 10_000.0;
    match gravity {
        Gravity::Focus(x, y) => format!("&gravity=Focus&fx={}&fy={}", part(x), part(y)),
        gravity => format!("&gravity={}", gravity.as_str()),
    }
}

/// Where a rectangle lies: a gravity wins over an anchor, so offsets from it have other names.
fn lies(at: Place) -> String {
    if at.gravity == Gravity::default() {
        place(at, 0)
    } else {
        place(at, 0).replace("&ax", "&dx").replace("&ay", "&dy")
    }
}

fn place(place: Place, default: i32) -> String {
    let mut out = String::new();
    if place.gravity != Gravity::default() {
        out.push_str(&gravity(place.gravity));
    }
    let (x, y) = place.gravity.margins(default);
    for (name, value, default) in [("ax", place.x, x), ("ay", place.y, y)] {
        if value != default {
            out.push_str(&format!("&{name}={value}"));
        }
    }
    out
}

fn color(color: Color) -> String {
    if color == Color::WHITE { String::new() } else { format!("&color={color}") }
}

fn resize(rule: &Resize) -> String {
    let mut out = fit(rule);
    for (name, side) in [("minwidth", rule.least.0), ("minheight", rule.least.1)] {
        if side > 0 {
            let _ = write!(out, "&{name}={side}");
        }
    }
    out
}

fn fit(resize: &Resize) -> String {
    let focus = |focus: Option<Gravity>| match focus {
        Some(Gravity::Center) => String::new(),
        Some(at) => gravity(at),
        None => "&gravity=smart".to_owned(),
    };
    let size = |kind: u8, width: u32, height: u32| format!("thumbnail&type={kind}&width={width}&height={height}");
    let text = match resize.fit {
        Fit::Scale(x, y) if x == y => format!("thumbnail&type=1&scale={x}"),
        Fit::Scale(100, y) => format!("thumbnail&type=2&scale={y}"),
        Fit::Scale(x, 100) => format!("thumbnail&type=3&scale={x}"),
        // Two steps say the same: nothing is rounded differently, as each step touches one side.
        Fit::Scale(x, y) => {
            let enlarge = if resize.enlarge { "" } else { "&enlarge=0" };
            format!("thumbnail&type=3&scale={x}{enlarge}|iopcmd=thumbnail&type=2&scale={y}")
        }
        Fit::Width(width) => format!("thumbnail&type=4&width={width}"),
        Fit::Height(height) => format!("thumbnail&type=5&height={height}"),
        Fit::LongSide(w, h) => size(6, w, h),
        Fit::ShortSide(w, h) => size(7, w, h),
        Fit::CoverCrop(w, h, at) => size(8, w, h) + &focus(at),
        // It never enlarges.
        Fit::CoverDown(w, h, at) => return size(8, w, h) + &focus(at) + "&down=1",
        Fit::Auto(w, h, at) => size(8, w, h) + &focus(at) + "&auto=1",
        Fit::Inside(w, h) => return size(if resize.enlarge { 9 } else { 14 }, w, h),
        Fit::Cover(w, h) => size(10, w, h),
        Fit::Stretch(w, h) => size(11, w, h),
        Fit::Canvas(w, h, fill) => size(12, w, h) + &color(fill),
        Fit::Pad(w, h, fill) => size(15, w, h) + &color(fill),
    };
    if resize.enlarge { text } else { text + "&enlarge=0" }
}

fn step(step: &Step) -> String {
    match step {
        Step::Trim(trim) => {
            let color = trim.color.map_or_else(String::new, |color| format!("&color={color}"));
            let flag = |name: &str, on: bool| if on { format!("&{name}=1") } else { String::new() };
            let equal = flag("equalx", trim.equal.0) + &flag("equaly", trim.equal.1);
            format!("trim&threshold={}{color}{equal}", trim.threshold)
        }
        Step::Resize(rule) => resize(rule),
        Step::Crop { width, height, place: at } => format!("crop&width={width}&height={height}{}", lies(*at)),
        Step::Tile { axis: Axis::X, length, index } => format!("indexcrop&x={length}&i={index}"),
        Step::Tile { axis: Axis::Y, length, index } => format!("indexcrop&y={length}&i={index}"),
        Step::SmartCrop { width, height } => format!("smartcrop&width={width}&height={height}"),
        Step::Rotate { degrees } => format!("rotate&degree={degrees}"),
        Step::Flip(Axis::X) => "flip&axis=x".to_owned(),
        Step::Flip(Axis::Y) => "flip&axis=y".to_owned(),
        Step::Circle { radius } => format!("circle&r={radius}"),
        Step::Rounded { radius } => format!("rounded-corners&r={radius}"),
        Step::Extend { sides: [left, top, right, bottom], color: fill } => {
            format!("pad&left={left}&top={top}&right={right}&bottom={bottom}{}", color(*fill))
        }
        Step::Flatten(fill) => format!("flatten{}", color(*fill)),
        Step::Bright(value) => format!("bright&value={value}"),
        Step::Contrast(value) => format!("contrast&value={value}"),
        Step::Sharpen { radius, sigma, amount } => format!("sharpen&radius={radius}&sigma={sigma}&amount={amount}"),
        Step::Blur { kernel, radius, sigma, area } => {
            let kind = if *kernel == Kernel::Box { 1 } else { 2 };
            let mut out = format!("blur&type={kind}&radius={radius}&sigma={sigma}");
            if let Some((width, height, at)) = area {
                out.push_str(&format!("&width={width}&height={height}{}", lies(*at)));
            }
            out
        }
        Step::Watermark(mark) => watermark(mark),
        Step::Mark { text, strength } => format!("mark&text={}&strength={strength}", encode_text(text)),
    }
}

fn watermark(mark: &Watermark) -> String {
    let mut out = match &mark.drawing {
        Drawing::Text { text, font, size, color, shadow } => {
            let mut out = format!("watermark&type=1&text={}&fontsize={size}", encode_text(text));
            if let Some(font) = font {
                let _ = write!(out, "&font={}", encode_text(font));
            }
            if *color != Color::WHITE {
                let _ = write!(out, "&fill={}", encode_text(&color.to_string()));
            }
            if *shadow > 0 {
                let _ = write!(out, "&shadow={shadow}");
            }
            out
        }
        Drawing::Picture { source, scale } => {
            let scale = if *scale > 0 { format!("&scale={scale}") } else { String::new() };
            format!("watermark&type=2&imageurl={}{scale}", encode_text(source))
        }
    };
    out.push_str(&place(mark.place, 10));
    if mark.opacity != 100 {
        let _ = write!(out, "&opacity={}", mark.opacity);
    }
    if mark.rotate != 0 {
        let _ = write!(out, "&rotate={}", mark.rotate);
    }
    if mark.tiled {
        out.push_str("&tile=1");
    }
    out
}
