//! A file is one idea: more than 600 lines need a reason.

use crate::{Tree, Violation};

const LIMIT: usize = 600;
const HEAD: usize = 10;
const MARK: &str = concat!("tidy-allow-", "long:");

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.with_extension(&["rs", "ts", "svelte", "css", "py", "sh"]) {
        let lines = file.text.lines().count();
        if lines > LIMIT && !has_reason(&file.text) {
            let message = format!(
                "{lines} lines are more than {LIMIT}: split the file, or write `{MARK} <reason>` in its first {HEAD} lines"
            );
            found.push(Violation::of_file(&file.path, message));
        }
    }
    found
}

fn has_reason(text: &str) -> bool {
    let mut head = text.lines().take(HEAD);
    head.any(|line| line.split_once(MARK).is_some_and(|(_, reason)| reason.chars().any(char::is_alphanumeric)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    fn found(path: &str, head: &str, lines: usize) -> usize {
        check(&written(&[(path, &format!("{head}{}", "x\n".repeat(lines)))])).len()
    }

    #[test]
    fn long_files_need_a_reason() {
        assert_eq!(found("a.rs", "", LIMIT), 0);
        assert_eq!(found("a.rs", "", LIMIT + 1), 1);
        assert_eq!(found("a.md", "", LIMIT + 1), 0);
        assert_eq!(found("a.svelte", "", LIMIT + 1), 1);
        assert_eq!(found("a.css", &format!("/* {MARK} generated */\n"), LIMIT), 0);
        assert_eq!(found("a.css", &format!("/* {MARK} */\n"), LIMIT), 1);
        assert_eq!(found("a.rs", &format!("{}// {MARK} late\n", "\n".repeat(HEAD)), LIMIT), 1);
    }
}
