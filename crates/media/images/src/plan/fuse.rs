//! Runs of geometry become one pass: cut, resize, cut, turn.
//!
//! Merging is exact. Turning by quarters and mirroring commute with resizing when sides are swapped along; cutting
//! after resizing is resizing only what is kept; cutting before is a smaller source. Two resizings stay two.

use super::Stage;
use crate::orientation::Orientation;
use crate::pipeline::Step;

/// Whole pixels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Pixels from the left.
    pub x: u32,
    /// Pixels from the top.
    pub y: u32,
    /// At least 1.
    pub width: u32,
    /// At least 1.
    pub height: u32,
}

impl Rect {
    /// All of a picture.
    pub const fn whole((width, height): (u32, u32)) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    /// Width and height.
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// `inner`, which is measured inside of this one, measured as this one is.
    const fn within(&self, inner: Self) -> Self {
        Self { x: self.x + inner.x, y: self.y + inner.y, ..inner }
    }
}

/// One pass of geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resample {
    /// The part of the input that is used; nothing outside of it bleeds in.
    pub clip: Rect,
    /// The size that the part is resized to.
    pub scaled: (u32, u32),
    /// What of that is kept.
    pub keep: Rect,
    /// How that is turned at the end.
    pub turn: Orientation,
}

impl Resample {
    /// The size of the outcome.
    pub const fn size(&self) -> (u32, u32) {
        self.turn.apply_size(self.keep.size())
    }
}

/// Gathers geometry until something else comes.
pub(super) struct Fuse {
    input: (u32, u32),
    open: Resample,
    stages: Vec<Stage>,
}

impl Fuse {
    pub(super) fn new(input: (u32, u32)) -> Self {
        Self { input, open: nothing(input), stages: Vec::new() }
    }

    /// The size that the picture has by now.
    pub(super) const fn size(&self) -> (u32, u32) {
        self.open.size()
    }

    pub(super) fn turn(&mut self, turn: Orientation) {
        self.open.turn = self.open.turn.then(turn);
    }

    /// Keeps a part of the picture as it is by now.
    pub(super) fn cut(&mut self, rect: Rect) {
        let size = self.size();
        let back = self.open.turn.inverse();
        let (ax, ay) = back.apply_point((rect.x, rect.y), size);
        let (bx, by) = back.apply_point((rect.x + rect.width - 1, rect.y + rect.height - 1), size);
        let stored = Rect { x: ax.min(bx), y: ay.min(by), width: ax.abs_diff(bx) + 1, height: ay.abs_diff(by) + 1 };
        self.open.keep = self.open.keep.within(stored);
        if !self.is_scaled() {
            self.open.clip = self.open.clip.within(self.open.keep);
            self.open.scaled = self.open.clip.size();
            self.open.keep = Rect::whole(self.open.scaled);
        }
    }

    pub(super) fn resize(&mut self, size: (u32, u32)) {
        if size == self.size() {
            return;
        }
        if self.is_scaled() {
            self.flush();
        }
        // Sides are swapped back: the turn comes last.
        self.open.scaled = self.open.turn.apply_size(size);
        self.open.keep = Rect::whole(self.open.scaled);
    }

    /// A step that is no geometry; `size` is what it leaves.
    pub(super) fn step(&mut self, step: Step, size: (u32, u32)) {
        self.flush();
        self.stages.push(Stage::Step(step));
        self.input = size;
        self.open = nothing(size);
    }

    pub(super) fn finish(mut self) -> (Vec<Stage>, (u32, u32)) {
        self.flush();
        (self.stages, self.input)
    }

    fn is_scaled(&self) -> bool {
        self.open.scaled != self.open.clip.size()
    }

    fn flush(&mut self) {
        if self.open != nothing(self.input) {
            self.stages.push(Stage::Resample(self.open));
        }
        self.input = self.open.size();
        self.open = nothing(self.input);
    }
}

const fn nothing(size: (u32, u32)) -> Resample {
    Resample { clip: Rect::whole(size), scaled: size, keep: Rect::whole(size), turn: Orientation::UPRIGHT }
}
