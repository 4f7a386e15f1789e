//! SVG by resvg, drawn at the size of the first pass.

use resvg::tiny_skia::{Pixmap, Transform};

use crate::plan::{Plan, Stage};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError, probe};

/// The size at which a drawing is drawn, so that the first pass has nothing to resize.
pub(crate) fn drawn_size(plan: &Plan) -> (u32, u32) {
    match plan.stages.first() {
        Some(Stage::Resample(pass)) => {
            // The whole drawing is scaled as its part is.
            let whole = |all: u32, clip: u32, scaled: u32| {
                let size = (u64::from(all) * u64::from(scaled)).div_ceil(u64::from(clip));
                u32::try_from(size.max(1)).unwrap_or(u32::MAX)
            };
            (
                whole(plan.header.width, pass.clip.width, pass.scaled.0),
                whole(plan.header.height, pass.clip.height, pass.scaled.1),
            )
        }
        _ => (plan.header.width, plan.header.height),
    }
}

pub(super) fn decode(source: &[u8], plan: &Plan) -> Result<Raster, ImageError> {
    let tree = probe::parse_svg(source)?;
    let (width, height) = drawn_size(plan);
    let too_large = || ImageError::damaged(Format::Svg, "its size cannot be drawn");
    let mut pixmap = Pixmap::new(width, height).ok_or_else(too_large)?;
    #[allow(clippy::cast_precision_loss, reason = "sides are far below 2^24")]
    let scale = (width as f32 / tree.size().width(), height as f32 / tree.size().height());
    resvg::render(&tree, Transform::from_scale(scale.0, scale.1), &mut pixmap.as_mut());
    Raster::new(width, height, Layout::Rgba, straight(&pixmap)).ok_or_else(too_large)
}

/// The bytes of a pixmap with opacity taken out of the colours again.
pub(crate) fn straight(pixmap: &Pixmap) -> Vec<u8> {
    let pixels = pixmap.pixels().iter().map(|pixel| pixel.demultiply());
    pixels.flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]).collect()
}
