//! New sizes: the rules of all grammars, and what they make of a given size.

use super::{Color, Gravity};

/// A new size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// The rule.
    pub fit: Fit,
    /// Whether a picture may become larger than it is.
    pub enlarge: bool,
    /// Width and height that it has in the end at least, in proportion, whatever else is said; 0 asks for nothing.
    pub least: (u32, u32),
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
    /// Covering and cut; a picture that is too small is not enlarged but cut to the same shape.
    CoverDown(u32, u32, Option<Gravity>),
    /// Covering and cut when the picture lies as the rectangle does, upright or on its side; else inside.
    Auto(u32, u32, Option<Gravity>),
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
        Self { fit, enlarge: true, least: (0, 0) }
    }

    /// A rule that only makes smaller.
    pub const fn shrink(fit: Fit) -> Self {
        Self { fit, enlarge: false, least: (0, 0) }
    }

    /// The rule that it comes to for a picture of this size.
    #[must_use]
    pub const fn settled(self, (width, height): (u32, u32)) -> Self {
        let Fit::Auto(w, h, focus) = self.fit else { return self };
        let alike = (width >= height) == (w >= h);
        let fit = if alike { Fit::CoverCrop(w, h, focus) } else { Fit::Inside(w, h) };
        Self { fit, ..self }
    }

    /// The size that a picture of this size is resampled to, before anything is cut off or added.
    pub fn resampled(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let (w, h) = (f64::from(width), f64::from(height));
        let ratio = |to: u32, from: f64| f64::from(to) / from;
        let landscape = width >= height;
        let factor = match self.settled((width, height)).fit {
            Fit::Scale(x, y) => {
                let clip = |percent: u32| if self.enlarge { percent } else { percent.min(100) };
                let part = |whole: f64, percent: u32| whole * f64::from(clip(percent)) / 100.0;
                return self.whole((part(w, x), part(h, y)));
            }
            Fit::Stretch(to_w, to_h) => {
                let clip = |to: u32, from: u32| f64::from(if self.enlarge { to } else { to.min(from) });
                return self.whole((clip(to_w, width), clip(to_h, height)));
            }
            Fit::Canvas(..) => 1.0,
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
            Fit::Inside(to_w, to_h) | Fit::Pad(to_w, to_h, _) | Fit::Auto(to_w, to_h, _) => {
                ratio(to_w, w).min(ratio(to_h, h))
            }
            Fit::Cover(to_w, to_h) | Fit::CoverCrop(to_w, to_h, _) => ratio(to_w, w).max(ratio(to_h, h)),
            Fit::CoverDown(to_w, to_h, _) => ratio(to_w, w).max(ratio(to_h, h)).min(1.0),
        };
        let factor = if self.enlarge { factor } else { factor.min(1.0) };
        self.whole((w * factor, h * factor))
    }

    /// Rounded, and never nothing nor less than at least; a side that the rule names comes out exactly.
    fn whole(&self, (width, height): (f64, f64)) -> (u32, u32) {
        let (least_w, least_h) = (f64::from(self.least.0), f64::from(self.least.1));
        let more = (least_w / width).max(least_h / height).max(1.0);
        let side = |length: f64| {
            let scaled = (length * more).round().clamp(1.0, f64::from(u32::MAX));
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range above")]
            let side = scaled as u32;
            side
        };
        (side(width), side(height))
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
    fn rules_that_look_at_the_picture() {
        let auto = Resize::new(Fit::Auto(200, 100, None));
        assert_eq!(auto.settled((800, 600)).fit, Fit::CoverCrop(200, 100, None));
        assert_eq!((auto.resampled((800, 600)), auto.resampled((600, 800))), ((200, 150), (75, 100)));
        let down = Resize::new(Fit::CoverDown(200, 100, None));
        assert_eq!((down.resampled((800, 600)), down.resampled((80, 60))), ((200, 150), (80, 60)));
        let least = |fit, least| Resize { least, ..Resize::shrink(fit) }.resampled((800, 600));
        assert_eq!(least(Fit::Inside(100, 100), (0, 90)), (120, 90));
        assert_eq!(least(Fit::Inside(100, 100), (80, 50)), (100, 75));
        assert_eq!(least(Fit::Scale(100, 100), (1600, 0)), (1600, 1200));
        assert_eq!(least(Fit::Stretch(100, 100), (150, 0)), (150, 150));
        assert_eq!(least(Fit::Canvas(9, 9, Color::WHITE), (0, 0)), (800, 600));
    }

    #[test]
    fn shrinking_rules_never_enlarge_and_no_side_vanishes() {
        for fit in [Fit::Width(999), Fit::Inside(999, 999), Fit::Scale(300, 300), Fit::Stretch(999, 999)] {
            assert_eq!(Resize::shrink(fit).resampled((80, 60)), (80, 60), "{fit:?}");
        }
        assert_eq!(Resize::new(Fit::Width(10)).resampled((10_000, 3)), (10, 1));
    }
}
