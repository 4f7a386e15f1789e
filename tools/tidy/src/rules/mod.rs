//! The rules, as a list that can be read aloud.

mod arrows;
mod decisions;
mod doors;
mod features;
mod fence;
mod header;
mod length;
mod lints;
mod names;
mod unfinished;

use crate::{Tree, Violation};

/// A rule: its stable name, and the function that finds where it is broken.
pub struct Rule {
    /// Printed behind each violation; also the name of its file.
    pub name: &'static str,
    /// Finds where it is broken.
    pub check: fn(&Tree) -> Vec<Violation>,
}

/// All rules.
pub const RULES: &[Rule] = &[
    Rule { name: "arrows", check: arrows::check },
    Rule { name: "fence", check: fence::check },
    Rule { name: "names", check: names::check },
    Rule { name: "lints", check: lints::check },
    Rule { name: "features", check: features::check },
    Rule { name: "header", check: header::check },
    Rule { name: "length", check: length::check },
    Rule { name: "unfinished", check: unfinished::check },
    Rule { name: "doors", check: doors::check },
    Rule { name: "decisions", check: decisions::check },
];
