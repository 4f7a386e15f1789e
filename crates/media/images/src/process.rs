//! Source and pipeline in, answer out.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use doorstep_clock::monotonic;
use serde_json::json;

use crate::decode::{self, Frame};
use crate::encode::{self, Picture};
use crate::limits::Watch;
use crate::ops::{self, Tools};
use crate::pipeline::{Deliver, Encoding, Frames, Pipeline, Place, Question, Resize, Step};
use crate::plan::{self, Plan, Stage, Summary};
use crate::raster::Raster;
use crate::{Fetch, Format, Header, ImageError, Limited, Limits, color, exif, metrics, probe, resample};

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The bytes.
    pub body: Vec<u8>,
    /// Their media type.
    pub media_type: &'static str,
    /// The format, when it is a picture.
    pub format: Option<Format>,
    /// Width of the picture, or of the source for a document.
    pub width: u32,
    /// Height of the picture, or of the source for a document.
    pub height: u32,
    /// Pictures in it.
    pub frames: u32,
    /// What had been planned.
    pub plan: Summary,
}

/// Carries out a pipeline. `fetch` brings the pictures that watermarks name; it answers for what may be fetched.
///
/// Nothing of the source is decoded before the plan has been held to the limits.
///
/// # Errors
/// See [`ImageError`]; a decoder that panics is reported as a damaged source.
pub fn process(source: &[u8], pipeline: &Pipeline, limits: &Limits, fetch: Fetch<'_>) -> Result<Output, ImageError> {
    let started = monotonic();
    let _span = tracing::debug_span!("image", bytes = source.len(), %pipeline).entered();
    let done = guarded(source, || run(source, pipeline, limits, fetch));
    match &done {
        Ok((output, from)) => {
            let to = output.format.map_or("json", Format::as_str);
            metrics::delivered(*from, to, source.len(), monotonic().duration_since(started));
        }
        Err(error) => {
            tracing::debug!(code = error.code(), %error, "picture refused");
            metrics::refused(error.code());
        }
    }
    done.map(|(output, _)| output)
}

/// A panic of a decoder is its own, and the source's fault.
fn guarded<T>(source: &[u8], work: impl FnOnce() -> Result<T, ImageError>) -> Result<T, ImageError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let format = probe::sniff(source).ok_or(ImageError::UnknownFormat)?;
        Err(ImageError::damaged(format, "its decoder gave up"))
    })
}

fn run(source: &[u8], pipeline: &Pipeline, limits: &Limits, fetch: Fetch<'_>) -> Result<(Output, Format), ImageError> {
    Limits::check(Limited::SourceBytes, source.len() as u64, limits.source_bytes)?;
    let watch = Watch::start(limits.time);
    let header = probe::probe(source)?;
    let tools = Tools { watch: &watch, limits, fetch };
    let pipeline = &*trimmed(source, &header, pipeline, &tools)?;
    let plan = plan::plan(&header, pipeline, limits)?;
    tracing::debug!(plan = ?plan.summary(), "planned");
    let output = match &pipeline.deliver {
        Deliver::Picture(encoding) => picture(source, &plan, encoding, pipeline.frames, &tools)?,
        Deliver::Answer(question) => {
            let value = answer(source, &plan, *question, &tools)?;
            let body = serde_json::to_vec(&value).map_err(|error| ImageError::damaged(header.format, error))?;
            let (width, height) = (header.width, header.height);
            let media_type = "application/json";
            Output { body, media_type, format: None, width, height, frames: header.frames, plan: plan.summary() }
        }
    };
    Ok((output, header.format))
}

/// With the cut in place of a first step that cuts a border off: only the pixels can say where that is. They are
/// decoded once more afterwards, as the plan may then shrink on load.
fn trimmed<'a>(
    source: &[u8],
    header: &Header,
    pipeline: &'a Pipeline,
    tools: &Tools<'_>,
) -> Result<Cow<'a, Pipeline>, ImageError> {
    let Some(Step::Trim(trim)) = pipeline.steps.first() else { return Ok(Cow::Borrowed(pipeline)) };
    let deliver = Deliver::Answer(Question::Hue);
    let whole = Pipeline { upright: pipeline.upright, deliver, ..Pipeline::default() };
    let plan = plan::plan(header, &whole, tools.limits)?;
    let rect = ops::trim::inside(first_frame(source, &plan, tools)?, trim);
    let [x, y] = [rect.x, rect.y].map(|side| i32::try_from(side).unwrap_or(i32::MAX));
    let place = Place { x, y, ..Place::default() };
    let mut pipeline = pipeline.clone();
    pipeline.steps[0] = Step::Crop { width: rect.width, height: rect.height, place };
    Ok(Cow::Owned(pipeline))
}

fn picture(
    source: &[u8],
    plan: &Plan,
    encoding: &Encoding,
    mode: Frames,
    tools: &Tools<'_>,
) -> Result<Output, ImageError> {
    let mut frames = Vec::new();
    let loops = decode::decode(source, plan, tools.watch, &mut |frame| {
        let gap = gap(plan, frame.index);
        let delay_ms = frame.delay_ms;
        let raster = stages(frame, plan, tools)?;
        match mode {
            Frames::SpreadStretched => frames.push(Picture { raster, delay_ms: delay_ms.saturating_mul(gap) }),
            Frames::SpreadRepeated => {
                frames.extend((0..gap).map(|_| Picture { raster: raster.clone(), delay_ms }));
            }
            _ => frames.push(Picture { raster, delay_ms }),
        }
        Ok(())
    })?;
    let body = encode::encode(&frames, loops, plan.format, encoding, plan.header.quality, tools.watch)?;
    let size = frames.first().map_or(plan.size, |frame| frame.raster.size());
    Ok(Output {
        body,
        media_type: plan.format.media_type(),
        format: Some(plan.format),
        width: size.0,
        height: size.1,
        frames: u32::try_from(frames.len()).unwrap_or(u32::MAX),
        plan: plan.summary(),
    })
}

/// Frames of the source from this used one to the next.
fn gap(plan: &Plan, index: u32) -> u32 {
    let at = plan.frames.partition_point(|used| *used <= index);
    let next =
        plan.frames.get(at).copied().unwrap_or(if plan.frames.len() > 1 { plan.header.frames } else { index + 1 });
    next.saturating_sub(index).max(1)
}

/// The planned passes over one frame. Colours become sRGB after the first pass of geometry: there is less of them.
fn stages(frame: Frame, plan: &Plan, tools: &Tools<'_>) -> Result<Raster, ImageError> {
    let mut raster = frame.raster;
    let mut rest = plan.stages.as_slice();
    if plan.header.format == Format::Svg {
        rest = drawn(&mut raster, rest);
    } else if let Some((Stage::Resample(pass), after)) = rest.split_first() {
        raster = resample::resample(raster, pass, plan.shrink)?;
        rest = after;
    }
    raster = color::to_srgb(raster, &frame.meaning);
    if rest.iter().any(|stage| matches!(stage, Stage::Step(_))) {
        raster = raster.colored();
    }
    for stage in rest {
        tools.watch.check()?;
        raster = match stage {
            Stage::Resample(pass) => resample::resample(raster, pass, 1)?,
            Stage::Step(step) => ops::apply(step, raster, tools)?,
        };
    }
    Ok(raster)
}

/// A drawing has been drawn at its first pass's size already: what is left of that is cutting and turning.
fn drawn<'a>(raster: &mut Raster, stages: &'a [Stage]) -> &'a [Stage] {
    let Some((Stage::Resample(pass), after)) = stages.split_first() else { return stages };
    let (width, height) = raster.size();
    let whole = |side: u32, clip: u32, scaled: u32| u64::from(side) * u64::from(scaled) / u64::from(clip);
    let x = u32::try_from(whole(pass.clip.x, pass.clip.width, pass.scaled.0)).unwrap_or(0) + pass.keep.x;
    let y = u32::try_from(whole(pass.clip.y, pass.clip.height, pass.scaled.1)).unwrap_or(0) + pass.keep.y;
    let keep = plan::Rect {
        x: x.min(width.saturating_sub(pass.keep.width)),
        y: y.min(height.saturating_sub(pass.keep.height)),
        width: pass.keep.width.min(width),
        height: pass.keep.height.min(height),
    };
    *raster = raster.cut(keep).turned(pass.turn);
    after
}

/// A still picture from bytes, upright and in sRGB, perhaps resized: a watermark.
pub(crate) fn still(
    source: &[u8],
    resize: Option<Resize>,
    limits: &Limits,
    watch: &Watch,
) -> Result<Raster, ImageError> {
    let nothing = |_: &str| Err("a watermark has no watermark".to_owned());
    let tools = Tools { watch, limits, fetch: &nothing };
    Limits::check(Limited::SourceBytes, source.len() as u64, limits.source_bytes)?;
    let header = probe::probe(source)?;
    let steps = resize.map(Step::Resize).into_iter().collect();
    let pipeline = Pipeline { frames: Frames::At(0), steps, ..Pipeline::default() };
    let plan = plan::plan(&header, &pipeline, limits)?;
    first_frame(source, &plan, &tools)
}

fn first_frame(source: &[u8], plan: &Plan, tools: &Tools<'_>) -> Result<Raster, ImageError> {
    let mut found = None;
    decode::decode(source, plan, tools.watch, &mut |frame| {
        if found.is_none() {
            found = Some(stages(frame, plan, tools)?);
        }
        Ok(())
    })?;
    found.ok_or_else(|| ImageError::damaged(plan.header.format, "there is no picture in it"))
}

fn answer(source: &[u8], plan: &Plan, question: Question, tools: &Tools<'_>) -> Result<serde_json::Value, ImageError> {
    Ok(match question {
        Question::Info => info(&plan.header, source.len()),
        Question::Exif => {
            let block = probe::exif_block(source).unwrap_or_default();
            json!(exif::fields(&block))
        }
        Question::Hue => {
            let [red, green, blue] = ops::hue::mean(first_frame(source, plan, tools)?);
            json!({"RGB": format!("0x{red:02x}{green:02x}{blue:02x}")})
        }
        Question::Mark => json!({"mark": ops::mark::read(first_frame(source, plan, tools)?, tools.watch)?}),
    })
}

/// UFile's three fields as it writes them, and what else the header says.
fn info(header: &Header, bytes: usize) -> serde_json::Value {
    json!({
        "width": header.width,
        "height": header.height,
        "format": header.format.as_str().to_ascii_uppercase(),
        "bytes": bytes,
        "orientation": header.orientation.exif(),
        "frames": header.frames,
        "alpha": header.alpha,
        "depth": header.depth,
        "channels": header.channels,
        "profile": header.profile,
        "gain_map": header.gain_map,
        "interlaced": header.interlaced,
        "quality": header.quality,
    })
}
