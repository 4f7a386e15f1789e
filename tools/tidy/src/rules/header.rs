//! Every Rust file opens with a sentence that says what it is for.

use crate::{Tree, Violation};

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let rust = tree.with_extension(&["rs"]).filter(|file| !file.path.starts_with("web/"));
    let silent = rust.filter(|file| {
        let first = file.text.lines().next().unwrap_or("");
        first.strip_prefix("//!").is_none_or(|sentence| sentence.trim().is_empty())
    });
    silent
        .map(|file| Violation::at(&file.path, 1, "open the file with a `//!` sentence that says what it is for"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    fn found(path: &str, text: &str) -> usize {
        check(&written(&[(path, text)])).len()
    }

    #[test]
    fn the_first_line_says_what_for() {
        assert_eq!(found("a.rs", "//! Says what.\n"), 0);
        assert_eq!(found("a.rs", "use x;\n//! Late.\n"), 1);
        assert_eq!(found("a.rs", "//!\n//! Late too.\n"), 1);
        assert_eq!(found("a.rs", ""), 1);
        assert_eq!(found("web/a.rs", ""), 0);
        assert_eq!(found("a.py", ""), 0);
    }
}
