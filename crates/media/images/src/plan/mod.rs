//! From a header and a pipeline to a plan: sizes, order, shrink on load, fewest resamplings, and what it will cost.
//!
//! A plan is made of numbers alone; nothing has been decoded when it refuses.

mod cost;
mod fuse;
mod lower;

pub(crate) use lower::turned as turned_size;

use serde::Serialize;

pub use fuse::{Rect, Resample};

use crate::pipeline::{Deliver, Frames, Pipeline, Question, Step, Target};
use crate::{Format, Header, ImageError, Limited, Limits};

/// One pass over the pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Cutting, resizing, cutting again and turning, all in one.
    Resample(Resample),
    /// A step by itself.
    Step(Step),
}

/// What will be done, decided before anything is decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What the source is.
    pub header: Header,
    /// The frames that are used, counted from 0.
    pub frames: Vec<u32>,
    /// The decoder reads only every so many'th pixel of each direction (JPEG: 1, 2, 4 or 8).
    pub shrink: u8,
    /// In order.
    pub stages: Vec<Stage>,
    /// The format that is written, if a picture is.
    pub format: Format,
    /// Width and height of the result.
    pub size: (u32, u32),
    /// Bytes that the work is estimated to take at its height.
    pub memory_bytes: u64,
}

/// What a plan is, for who wants to see it before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Width of the result.
    pub width: u32,
    /// Height of the result.
    pub height: u32,
    /// Its format.
    pub format: Format,
    /// Pictures in it.
    pub frames: u32,
    /// Passes over the pixels.
    pub stages: u32,
    /// The decoder's shrink factor.
    pub shrink: u8,
    /// Estimated bytes of memory.
    pub memory_bytes: u64,
}

impl Plan {
    /// The numbers of it.
    pub fn summary(&self) -> Summary {
        Summary {
            width: self.size.0,
            height: self.size.1,
            format: self.format,
            frames: u32::try_from(self.frames.len()).unwrap_or(u32::MAX),
            stages: u32::try_from(self.stages.len()).unwrap_or(u32::MAX),
            shrink: self.shrink,
            memory_bytes: self.memory_bytes,
        }
    }
}

/// Makes the plan, or refuses by the limits.
///
/// # Errors
/// A source, a result or a way between them that is too large, or a step that the picture does not allow.
pub fn plan(header: &Header, pipeline: &Pipeline, limits: &Limits) -> Result<Plan, ImageError> {
    let stored = (header.width, header.height);
    let pixels = u64::from(stored.0) * u64::from(stored.1);
    // A question about the header needs no pixels, and so no limit.
    let pixels_needed = !matches!(pipeline.deliver, Deliver::Answer(Question::Info | Question::Exif));
    if pixels_needed {
        Limits::check(Limited::SourceSide, u64::from(stored.0.max(stored.1)), u64::from(limits.source_side))?;
        if header.format != Format::Svg {
            Limits::check(Limited::SourcePixels, pixels, limits.source_pixels)?;
        }
    }
    let format = written_format(header, pipeline);
    let mut fuse = fuse::Fuse::new(stored);
    if pipeline.upright {
        fuse.turn(header.orientation);
    }
    for step in &pipeline.steps {
        lower::lower(step, &mut fuse, limits)?;
    }
    let (stages, size) = fuse.finish();
    let frames = choose_frames(header, pipeline, format, size, limits);
    let count = frames.len() as u64;
    if matches!(pipeline.deliver, Deliver::Picture(_)) {
        check_result(size, limits)?;
        let written = u64::from(size.0) * u64::from(size.1) * count;
        Limits::check(Limited::ResultPixels, written, limits.result_pixels)?;
        let side = match format {
            Format::WebP => 16_383,
            Format::Jpeg | Format::Gif => 65_535,
            _ => u32::MAX,
        };
        Limits::check(Limited::ResultSide, u64::from(size.0.max(size.1)), u64::from(side))?;
    }
    let shrink = shrink_on_load(header, &stages);
    let mut plan = Plan { header: header.clone(), frames, shrink, stages, format, size, memory_bytes: 0 };
    plan.memory_bytes = cost::memory_bytes(&plan);
    if pixels_needed {
        Limits::check(Limited::Memory, plan.memory_bytes, limits.memory_bytes)?;
    }
    Ok(plan)
}

/// A picture on the way, or the result, is not larger than allowed.
fn check_result(size: (u32, u32), limits: &Limits) -> Result<(), ImageError> {
    Limits::check(Limited::ResultSide, u64::from(size.0.max(size.1)), u64::from(limits.result_side))?;
    Limits::check(Limited::ResultPixels, u64::from(size.0) * u64::from(size.1), limits.result_pixels)
}

/// The format that is written: the one asked for, or the source's, or its nearest relative.
fn written_format(header: &Header, pipeline: &Pipeline) -> Format {
    let asked = match &pipeline.deliver {
        Deliver::Picture(encoding) => encoding.target,
        Deliver::Answer(_) => Target::Source,
    };
    match asked {
        Target::Format(format) if format.is_written() => format,
        _ => crate::accept::without_preference(header),
    }
}

/// The frames that are used; the first of a still or of what is written as one.
fn choose_frames(header: &Header, pipeline: &Pipeline, format: Format, size: (u32, u32), limits: &Limits) -> Vec<u32> {
    let count = header.frames.max(1);
    let animated = matches!(format, Format::Gif | Format::WebP);
    if let Frames::At(part) = pipeline.frames {
        // 1.0 is the last frame.
        let at = u64::from(part) * u64::from(count - 1) / 1000;
        return vec![u32::try_from(at).unwrap_or(0)];
    }
    if !animated || pipeline.frames == Frames::First || matches!(pipeline.deliver, Deliver::Answer(_)) {
        return vec![0];
    }
    let pixels = |(w, h): (u32, u32)| (u64::from(w) * u64::from(h)).max(1);
    let fit = (limits.source_pixels / pixels((header.width, header.height))).min(limits.result_pixels / pixels(size));
    let fit = u32::try_from(fit).unwrap_or(u32::MAX).min(limits.frames).max(1);
    if fit >= count || pipeline.frames == Frames::All {
        return (0..count.min(fit)).collect();
    }
    (0..fit).map(|ix| u32::try_from(u64::from(ix) * u64::from(count) / u64::from(fit)).unwrap_or(0)).collect()
}

/// How much a JPEG may be shrunk by its own transform: never below the size that the first pass makes of it.
fn shrink_on_load(header: &Header, stages: &[Stage]) -> u8 {
    let (Format::Jpeg, Some(Stage::Resample(first))) = (header.format, stages.first()) else { return 1 };
    [8_u8, 4, 2]
        .into_iter()
        .find(|factor| {
            let enough = |from: u32, to: u32| u64::from(to) * u64::from(*factor) <= u64::from(from);
            enough(first.clip.width, first.scaled.0) && enough(first.clip.height, first.scaled.1)
        })
        .unwrap_or(1)
}

#[cfg(test)]
mod tests;
