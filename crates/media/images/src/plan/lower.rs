//! What each step means for a picture of a known size.

use super::check_result;
use super::fuse::{Fuse, Rect};
use crate::orientation::Orientation;
use crate::pipeline::{Axis, Fit, Gravity, Place, Step};
use crate::{ImageError, Limits};

/// Adds a step to the plan.
pub(super) fn lower(step: &Step, fuse: &mut Fuse, limits: &Limits) -> Result<(), ImageError> {
    let size = fuse.size();
    let work = |fuse: &mut Fuse, step: &Step, size: (u32, u32)| -> Result<(), ImageError> {
        check_result(size, limits)?;
        fuse.step(step.clone(), size);
        Ok(())
    };
    match step {
        // The pixels have said before the plan where to cut; see `process`.
        Step::Trim(_) => {}
        Step::Resize(resize) => {
            let to = resize.resampled(size);
            fuse.resize(to);
            match resize.settled(size).fit {
                Fit::CoverCrop(width, height, focus) => {
                    cover(fuse, &work, (width.min(to.0), height.min(to.1)), focus)?;
                }
                Fit::CoverDown(width, height, focus) => cover(fuse, &work, shape((width, height), to), focus)?,
                Fit::Pad(width, height, color) | Fit::Canvas(width, height, color) => {
                    let (wide, high) = (width.saturating_sub(to.0), height.saturating_sub(to.1));
                    let sides = [wide / 2, high / 2, wide - wide / 2, high - high / 2];
                    if sides != [0; 4] {
                        work(fuse, &Step::Extend { sides, color }, extended(to, sides))?;
                    }
                }
                _ => {}
            }
        }
        Step::Crop { width, height, place } => {
            let whole = |given: u32, all: u32| if given == 0 { all } else { given };
            fuse.cut(rect((whole(*width, size.0), whole(*height, size.1)), size, *place)?);
        }
        Step::Tile { axis, length, index } => {
            let along = if *axis == Axis::X { size.0 } else { size.1 };
            let start = u64::from(*length) * u64::from(*index);
            // A tile that is not there leaves the picture whole.
            if let Ok(start) = u32::try_from(start)
                && start < along
            {
                let length = (*length).min(along - start);
                fuse.cut(match axis {
                    Axis::X => Rect { x: start, y: 0, width: length, height: size.1 },
                    Axis::Y => Rect { x: 0, y: start, width: size.0, height: length },
                });
            }
        }
        Step::SmartCrop { width, height } => {
            let to = ((*width).min(size.0), (*height).min(size.1));
            if to != size {
                work(fuse, &Step::SmartCrop { width: to.0, height: to.1 }, to)?;
            }
        }
        Step::Rotate { degrees } => match degrees % 360 {
            turn if turn % 90 == 0 => fuse.turn(Orientation::turned(u8::try_from(turn / 90).unwrap_or(0))),
            turn => work(fuse, &Step::Rotate { degrees: turn }, turned(size, turn))?,
        },
        Step::Flip(Axis::X) => fuse.turn(Orientation::MIRRORED),
        Step::Flip(Axis::Y) => fuse.turn(Orientation::from_exif(4)),
        Step::Circle { radius } => {
            let side = (radius * 2).min(size.0).min(size.1).max(1);
            fuse.cut(rect((side, side), size, Place::at(Gravity::Center))?);
            work(fuse, step, (side, side))?;
        }
        Step::Extend { sides, .. } => work(fuse, step, extended(size, *sides))?,
        Step::Bright(0) | Step::Contrast(0) => {}
        _ => work(fuse, step, size)?,
    }
    if matches!(step, Step::Resize(_) | Step::Crop { .. }) {
        // The steps of one request may grow a picture in turns; each is held to the limit.
        check_result(fuse.size(), limits)
            .or_else(|error| if exceeds(fuse.size(), size) { Err(error) } else { Ok(()) })?;
    }
    Ok(())
}

/// Cuts out of a picture that covers: at a place, or what is most interesting.
fn cover(
    fuse: &mut Fuse,
    work: &impl Fn(&mut Fuse, &Step, (u32, u32)) -> Result<(), ImageError>,
    (width, height): (u32, u32),
    focus: Option<Gravity>,
) -> Result<(), ImageError> {
    let size = fuse.size();
    match focus {
        Some(gravity) => fuse.cut(rect((width, height), size, Place::at(gravity))?),
        None if (width, height) != size => work(fuse, &Step::SmartCrop { width, height }, (width, height))?,
        None => {}
    }
    Ok(())
}

/// The largest rectangle up to this size, and of its shape, that a picture holds.
fn shape((width, height): (u32, u32), have: (u32, u32)) -> (u32, u32) {
    let (w, h) = (f64::from(width), f64::from(height));
    let part = (f64::from(have.0) / w).min(f64::from(have.1) / h).min(1.0);
    let side = |length: f64, most: u32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the picture")]
        let side = (length * part).round().clamp(1.0, f64::from(most)) as u32;
        side
    };
    (side(w, have.0), side(h, have.1))
}

fn exceeds(now: (u32, u32), before: (u32, u32)) -> bool {
    now.0 > before.0 || now.1 > before.1
}

fn extended((width, height): (u32, u32), [left, top, right, bottom]: [u32; 4]) -> (u32, u32) {
    (width.saturating_add(left).saturating_add(right), height.saturating_add(top).saturating_add(bottom))
}

/// A rectangle at a place, as far as it lies inside of the picture.
fn rect(wanted: (u32, u32), size: (u32, u32), place: Place) -> Result<Rect, ImageError> {
    let (x, y) = place.corner(wanted, size);
    let span = |start: i64, length: u32, all: u32| -> Option<(u32, u32)> {
        let (from, to) = (start.max(0), (start + i64::from(length)).min(i64::from(all)));
        Some((u32::try_from(from).ok()?, u32::try_from(to - from).ok().filter(|length| *length > 0)?))
    };
    let (Some((x, width)), Some((y, height))) = (span(x, wanted.0, size.0), span(y, wanted.1, size.1)) else {
        return Err(ImageError::Step {
            command: "crop",
            problem: format!("the rectangle at {x},{y} lies outside of the {}×{} picture", size.0, size.1),
            fix: "move the anchor inside",
        });
    };
    Ok(Rect { x, y, width, height })
}

/// The box around a picture that is turned by any angle.
pub(crate) fn turned((width, height): (u32, u32), degrees: u16) -> (u32, u32) {
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    let (w, h) = (f64::from(width), f64::from(height));
    // A hair is taken off so that exact sizes are not rounded up by the last bit.
    let side = |length: f64| {
        let side = (length - 1e-6).ceil().clamp(1.0, f64::from(u32::MAX));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range above")]
        let side = side as u32;
        side
    };
    (side(w * cos.abs() + h * sin.abs()), side(w * sin.abs() + h * cos.abs()))
}
