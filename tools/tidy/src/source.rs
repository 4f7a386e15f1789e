//! A light reading of Rust text: which lines are product code. Not a parser; `rustfmt` makes it enough.

use crate::tree::File;

/// The numbered lines that are neither comments nor inside a `#[cfg(test)]` item at the margin.
///
/// Formatted code closes such an item with the first later line that begins with `}`; one without
/// a body (`mod tests;`, a `use`) ends with its semicolon.
pub fn product_lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut state = State::Product;
    file.text.lines().enumerate().filter_map(move |(at, line)| {
        let judged = state == State::Product && !line.trim_start().starts_with("//");
        match state {
            State::Product if line.starts_with("#[cfg(test)]") => {
                state = State::Attribute.after(line.trim_start_matches("#[cfg(test)]"));
                return None;
            }
            State::Product => {}
            _ => state = state.after(line),
        }
        judged.then_some((at + 1, line))
    })
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum State {
    Product,
    /// After `#[cfg(test)]`, before it is known whether its item has a body.
    Attribute,
    Body,
}

impl State {
    fn after(self, line: &str) -> Self {
        let code = line.split("//").next().unwrap_or("").trim_end();
        match self {
            Self::Attribute if code.ends_with(';') || code.ends_with("{}") => Self::Product,
            // A body on one line, such as `mod a { fn b() {} }`.
            Self::Attribute if code.contains('{') && code.ends_with('}') => Self::Product,
            Self::Attribute if code.ends_with('{') => Self::Body,
            Self::Body if line.starts_with('}') => Self::Product,
            same => same,
        }
    }
}

/// Whether the whole file is there for tests, examples or measuring, or stands beside the house.
#[must_use]
pub fn is_beside_the_product(path: &str) -> bool {
    const ROOTS: [&str; 4] = ["bench/", "tests/", "tools/", "fuzz/"];
    let name = path.rsplit('/').next().unwrap_or("");
    ROOTS.iter().any(|root| path.starts_with(root))
        || ["/tests/", "/benches/", "/examples/"].iter().any(|folder| path.contains(folder))
        || name == "tests.rs"
        || name == "testing.rs"
        || name.ends_with("_tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Vec<usize> {
        let file = File { path: "a.rs".into(), text: text.into() };
        product_lines(&file).map(|(line, _)| line).collect()
    }

    #[test]
    fn tests_and_comments_are_left_out() {
        assert_eq!(
            kept("//! a\nuse x;\n    // b\nfn c() {}\n#[cfg(test)]\nmod tests {\n    d();\n}\nfn e() {}\n"),
            [2, 4, 9]
        );
        assert_eq!(kept("#[cfg(test)]\nmod tests;\nfn a() {}\n"), [3]);
        assert_eq!(kept("#[cfg(test)]\npub(crate) fn a(\n    b: u8,\n) -> u8 {\n    b\n}\nfn c() {}\n"), [7]);
        assert_eq!(kept("#[cfg(test)]\n#[allow(x)]\nmod tests {\n    if y {\n    }\n}\nfn z() {}\n"), [7]);
    }

    #[test]
    fn knows_what_is_beside_the_product() {
        for path in [
            "tests/src/lib.rs",
            "crates/a/b/tests/it.rs",
            "crates/a/b/src/x_tests.rs",
            "crates/ground/store/src/testing.rs",
            "fuzz/a.rs",
        ] {
            assert!(is_beside_the_product(path), "{path}");
        }
        assert!(!is_beside_the_product("crates/ground/store/src/store.rs"));
    }
}
