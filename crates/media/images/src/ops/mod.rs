//! Steps on pixels in sRGB. Geometry by whole quarters and sizes is not here: the plan has merged it into passes.

mod blur;
pub(crate) mod hue;
pub(crate) mod mark;
mod rotate;
mod shape;
mod smart;
mod text;
mod tone;
pub(crate) mod trim;
mod watermark;

use crate::limits::Watch;
use crate::pipeline::Step;
use crate::plan::Rect;
use crate::raster::Raster;
use crate::{Fetch, ImageError, Limits};

/// What steps need besides the picture.
pub(crate) struct Tools<'a> {
    pub(crate) watch: &'a Watch,
    pub(crate) limits: &'a Limits,
    pub(crate) fetch: Fetch<'a>,
}

/// Rows between two looks at the watch.
pub(crate) const ROWS_PER_LOOK: usize = 64;

/// Carries out one step.
pub(crate) fn apply(step: &Step, raster: Raster, tools: &Tools<'_>) -> Result<Raster, ImageError> {
    match step {
        Step::Rotate { degrees } => rotate::rotate(raster, *degrees, tools.watch),
        Step::Circle { .. } => Ok(shape::rounded(raster, u32::MAX)),
        Step::Rounded { radius } => Ok(shape::rounded(raster, *radius)),
        Step::Extend { sides, color } => Ok(shape::extend(&raster, *sides, *color)),
        Step::Flatten(color) => Ok(raster.flattened([color.rgba[0], color.rgba[1], color.rgba[2]])),
        Step::Bright(value) => Ok(tone::bright(raster, *value)),
        Step::Contrast(value) => Ok(tone::contrast(raster, *value)),
        Step::Sharpen { radius, sigma, amount } => blur::sharpen(raster, *radius, *sigma, *amount, tools.watch),
        Step::Blur { kernel, radius, sigma, area: None } => blur::blur(raster, *kernel, *radius, *sigma, tools.watch),
        Step::Blur { kernel, radius, sigma, area: Some((width, height, place)) } => {
            let (x, y) = place.corner((*width, *height), raster.size());
            let Some(rect) = inside((x, y), (*width, *height), raster.size()) else { return Ok(raster) };
            let part = blur::blur(raster.cut(rect), *kernel, *radius, *sigma, tools.watch)?;
            let mut whole = raster;
            shape::paste(&mut whole, &part, rect.x, rect.y);
            Ok(whole)
        }
        Step::SmartCrop { width, height } => {
            let rect = smart::best(&raster, (*width, *height))?;
            Ok(raster.cut(rect))
        }
        Step::Watermark(mark) => watermark::draw(raster, mark, tools),
        Step::Mark { text, strength } => mark::embed(raster, text, *strength, tools.watch),
        // The plan turns these into passes.
        Step::Trim(_) | Step::Resize(_) | Step::Crop { .. } | Step::Tile { .. } | Step::Flip(_) => Ok(raster),
    }
}

/// The part of a rectangle that lies inside of a picture.
fn inside((x, y): (i64, i64), (width, height): (u32, u32), size: (u32, u32)) -> Option<Rect> {
    let span = |start: i64, length: u32, all: u32| {
        let (from, to) = (start.max(0), (start + i64::from(length)).min(i64::from(all)));
        Some((u32::try_from(from).ok()?, u32::try_from(to - from).ok().filter(|length| *length > 0)?))
    };
    let ((x, width), (y, height)) = (span(x, width, size.0)?, span(y, height, size.1)?);
    Some(Rect { x, y, width, height })
}
