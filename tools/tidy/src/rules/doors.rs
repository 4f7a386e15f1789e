//! The clock is the only door to the wall clock and to the host's randomness.

use crate::source::{is_beside_the_product, product_lines};
use crate::{Tree, Violation};

/// What is behind the door, and the way through it.
const BEHIND: [(&str, &str); 8] = [
    ("SystemTime::now", "ask a `Clock`"),
    ("UNIX_EPOCH.elapsed", "ask a `Clock`"),
    ("Instant::now", "call `doorstep_clock::monotonic()`"),
    ("Utc::now", "ask a `Clock`"),
    ("Zoned::now", "ask a `Clock`"),
    ("jiff::Timestamp::now", "ask a `Clock`"),
    ("rand::rng(", "take a stream from `Environment::rng`"),
    ("thread_rng(", "take a stream from `Environment::rng`"),
];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let product = tree.with_extension(&["rs"]).filter(|f| !f.path.starts_with("crates/ground/clock/"));
    for file in product.filter(|f| !is_beside_the_product(&f.path)) {
        // Tokio's instants follow its own timer, which tests can stop.
        let instant_is_tokios = file.text.lines().any(|l| l.starts_with("use tokio::time::") && l.contains("Instant"));
        for (number, line) in product_lines(file) {
            let line = line.replace("tokio::time::Instant::now", "");
            let hits = BEHIND.iter().filter(|(word, _)| line.contains(word));
            let hits = hits.filter(|(word, _)| !(instant_is_tokios && *word == "Instant::now"));
            found.extend(hits.map(|(word, way)| {
                Violation::at(&file.path, number, format!("`{word}` is behind the clock's door: {way}"))
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    fn found(path: &str, text: &str) -> usize {
        check(&written(&[(path, text)])).len()
    }

    #[test]
    fn only_the_clock_looks_at_the_clock() {
        for (word, _) in BEHIND {
            let text = format!("//! a\nfn b() {{\n    let c = {word};\n}}\n");
            assert_eq!(found("crates/market/city/src/a.rs", &text), 1, "{word}");
            assert_eq!(found("crates/ground/clock/src/a.rs", &text), 0, "{word}");
            assert_eq!(found("bench/src/a.rs", &text), 0, "{word}");
        }
    }

    #[test]
    fn tests_comments_and_tokio_are_free() {
        let path = "crates/market/city/src/a.rs";
        assert_eq!(found(path, "// Instant::now\n#[cfg(test)]\nmod tests {\n    Instant::now();\n}\n"), 0);
        assert_eq!(found(path, "let a = tokio::time::Instant::now();\n"), 0);
        assert_eq!(found(path, "use tokio::time::{Instant, sleep};\nlet a = Instant::now();\n"), 0);
        assert_eq!(found(path, "use std::time::Instant;\nlet a = Instant::now();\n"), 1);
    }
}
