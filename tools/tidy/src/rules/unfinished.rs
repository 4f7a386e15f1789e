//! Nothing unfinished lands.

use crate::{Tree, Violation};

/// In pieces, so that this file does not find itself.
const MACROS: [&str; 2] = [concat!("to", "do!("), concat!("unimpl", "emented!(")];
const MARK: &str = concat!("FIX", "ME");

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.with_extension(&["rs", "ts", "svelte", "css", "py", "sh"]) {
        let words = MACROS.iter().filter(|_| file.extension() == "rs").chain(std::iter::once(&MARK));
        for word in words {
            let lines = file.text.lines().enumerate().filter(|(_, line)| line.contains(word));
            found.extend(lines.map(|(at, _)| {
                Violation::at(&file.path, at + 1, format!("`{word}` is left: finish it, or leave the whole out"))
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    #[test]
    fn finds_what_is_left_undone() {
        for word in MACROS.iter().chain([&MARK]) {
            let text = format!("//! a\n    {word} later\n");
            let found = check(&written(&[("a.rs", &text)]));
            assert!(found.len() == 1 && found[0].line == 2, "{found:?}");
        }
        assert_eq!(check(&written(&[("a.ts", &format!("// {MARK}\n"))])).len(), 1);
        assert_eq!(check(&written(&[("a.ts", &format!("{}1)\n", MACROS[0]))])), []);
        assert_eq!(check(&written(&[("a.rs", "//! Keeps to-do lists.\n")])), []);
    }
}
