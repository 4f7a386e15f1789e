//! A decision file says in which context what was decided, and what follows.

use std::collections::BTreeMap;

use crate::{Tree, Violation};

const FOLDER: &str = "docs/decisions/";
const PARTS: [&str; 3] = ["Context", "Decision", "Consequences"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for file in tree.with_extension(&["md"]) {
        let Some(name) = file.path.strip_prefix(FOLDER).filter(|name| *name != "README.md") else {
            continue;
        };
        match name.split_once('-') {
            Some((number, title))
                if number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()) && title.len() > 3 =>
            {
                if let Some(first) = numbers.insert(number, name) {
                    found.push(Violation::of_file(
                        &file.path,
                        format!("number {number} is taken by {first}: take the next free one"),
                    ));
                }
            }
            _ => found.push(Violation::of_file(&file.path, "name a decision NNNN-title.md")),
        }
        for part in PARTS.iter().filter(|part| !has(&file.text, part)) {
            found.push(Violation::of_file(&file.path, format!("the part `## {part}` is missing or empty")));
        }
    }
    found
}

/// Whether the part is there and has text before the next heading.
fn has(text: &str, part: &str) -> bool {
    let mut lines = text.lines().skip_while(|line| line.strip_prefix("## ").map(str::trim) != Some(part)).skip(1);
    lines.find(|line| !line.trim().is_empty()).is_some_and(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    const WHOLE: &str = "# T\n\n## Context\nA.\n\n## Decision\n\nB.\n\n## Consequences\nC.\n";

    fn found(name: &str, text: &str) -> Vec<String> {
        let tree = written(&[(&format!("{FOLDER}{name}"), text)]);
        check(&tree).into_iter().map(|v| v.message).collect()
    }

    #[test]
    fn a_whole_decision_has_three_parts() {
        assert!(found("0001-title.md", WHOLE).is_empty());
        assert!(found("README.md", "").is_empty());
        for part in PARTS {
            let messages = found("0001-title.md", &WHOLE.replace(&format!("## {part}\n"), ""));
            assert!(messages.len() == 1 && messages[0].contains(part), "{messages:?}");
        }
        assert_eq!(found("0001-title.md", &WHOLE.replace("B.\n", "")).len(), 1, "an empty part");
        assert_eq!(found("title.md", WHOLE).len(), 1);
    }

    #[test]
    fn a_number_is_given_once() {
        let tree = written(&[("docs/decisions/0001-a.md", WHOLE), ("docs/decisions/0001-bb.md", WHOLE)]);
        assert!(check(&tree).iter().any(|v| v.message.contains("taken by")));
    }
}
