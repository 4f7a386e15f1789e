//! New sizes: the rules of all grammars, and what they make of a given size.

use super::{Color, Gravity};

/// A new size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// The rule.
    pub fit: Fit,
    /// Whether a picture may become larger than it is.
    pub enlarge: bool,
}

/// How a new size follows from the old one. Sizes are width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Percent of the width and of the height.
    Scale(u32, u32),
    /// This width, height in proportion.
    Width(u32),
    /// This height, width in proportion.
    Height(u32),
    /// The longer side takes its own of the two numbers, the other follows.
    LongSide(u32, u32),
    /// The shorter side takes its own of the two numbers, the other follows.
    ShortSide(u32, u32),
    /// As large as fits inside.
    Inside(u32, u32),
    /// As small as covers it.
    Cover(u32, u32),
    /// Covering, and what sticks out is cut off; `None` keeps what is most interesting.
    CoverCrop(u32, u32, Option<Gravity>),
    /// Exactly this, out of proportion if need be.
    Stretch(u32, u32),
    /// Inside, then room added to exactly this size.
    Pad(u32, u32, Color),
    /// Not resized: room is added around a picture that is smaller.
    Canvas(u32, u32, Color),
}

impl Resize {
    /// A rule that may enlarge.
    pub const fn new(fit: Fit) -> Self {
        Self { fit, enlarge: true }
    }

    /// A rule that only makes smaller.
    pub const fn shrink(fit: Fit) -> Self {
        Self { fit, enlarge: false }
    }

    /// The size that a picture of this size is resampled to, before anything is cut off or added.
    pub fn resampled(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let (w, h) = (f64::from(width), f64::from(height));
        let ratio = |to: u32, from: f64| f64::from(to) / from;
        let landscape = width >= height;
        let factor = match self.fit {
            Fit::Scale(x, y) => {
                let clip = |percent: u32| if self.enlarge { percent } else { percent.min(100) };
                let part = |whole: u32, percent: u32| {
                    let scaled = (u64::from(whole) * u64::from(clip(percent)) + 50) / 100;
                    u32::try_from(scaled.max(1)).unwrap_or(u32::MAX)
                };
                return (part(width, x), part(height, y));
            }
            Fit::Stretch(to_w, to_h) => {
                let clip = |to: u32, from: u32| if self.enlarge { to } else { to.min(from) };
                return (clip(to_w, width), clip(to_h, height));
            }
            Fit::Canvas(..) => return (width, height),
            Fit::Width(to) => ratio(to, w),
            Fit::Height(to) => ratio(to, h),
            Fit::LongSide(to_w, to_h) => {
                if landscape {
                    ratio(to_w, w)
                } else {
                    ratio(to_h, h)
                }
            }
            Fit::ShortSide(to_w, to_h) => {
                if landscape {
                    ratio(to_h, h)
                } else {
                    ratio(to_w, w)
                }
            }
            Fit::Inside(to_w, to_h) | Fit::Pad(to_w, to_h, _) => ratio(to_w, w).min(ratio(to_h, h)),
            Fit::Cover(to_w, to_h) | Fit::CoverCrop(to_w, to_h, _) => ratio(to_w, w).max(ratio(to_h, h)),
        };
        let factor = if self.enlarge { factor } else { factor.min(1.0) };
        // Rounded and never nothing; a side that the rule names comes out exactly.
        let side = |from: f64| {
            let scaled = (from * factor).round().clamp(1.0, f64::from(u32::MAX));
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range above")]
            let side = scaled as u32;
            side
        };
        (side(w), side(h))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_on_a_landscape_and_a_portrait() {
        let white = Color::WHITE;
        for (fit, landscape, portrait) in [
            (Fit::Scale(50, 50), (400, 300), (300, 400)),
            (Fit::Scale(100, 50), (800, 300), (600, 400)),
            (Fit::Width(400), (400, 300), (400, 533)),
            (Fit::Height(300), (400, 300), (225, 300)),
            (Fit::LongSide(200, 100), (200, 150), (75, 100)),
            (Fit::ShortSide(200, 100), (133, 100), (200, 267)),
            (Fit::Inside(200, 100), (133, 100), (75, 100)),
            (Fit::Cover(200, 100), (200, 150), (200, 267)),
            (Fit::CoverCrop(200, 100, Some(Gravity::Center)), (200, 150), (200, 267)),
            (Fit::Stretch(200, 100), (200, 100), (200, 100)),
            (Fit::Pad(200, 100, white), (133, 100), (75, 100)),
            (Fit::Canvas(900, 900, white), (800, 600), (600, 800)),
        ] {
            assert_eq!(Resize::new(fit).resampled((800, 600)), landscape, "{fit:?}");
            assert_eq!(Resize::new(fit).resampled((600, 800)), portrait, "{fit:?}");
        }
    }

    #[test]
    fn shrinking_rules_never_enlarge_and_no_side_vanishes() {
        for fit in [Fit::Width(999), Fit::Inside(999, 999), Fit::Scale(300, 300), Fit::Stretch(999, 999)] {
            assert_eq!(Resize::shrink(fit).resampled((80, 60)), (80, 60), "{fit:?}");
        }
        assert_eq!(Resize::new(Fit::Width(10)).resampled((10_000, 3)), (10, 1));
    }
}
