//! `bench/RESULTS.md`: one section per bench, each replaced by its own run and by no other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const HEAD: &str =
    "# Results\n\nEach section is written by its own bench (`bench/<name>/run.sh`) and replaced by its next run.\n";

/// Where the results lie.
#[must_use]
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md")
}

/// Replaces the section of this name in the file, or appends it.
///
/// # Errors
/// Where the file cannot be read or written.
pub fn write_section(file: &Path, name: &str, body: &str) -> Result<()> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => HEAD.to_owned(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
    };
    fs::write(file, replaced(&text, name, body)).with_context(|| format!("writing {}", file.display()))
}

fn replaced(text: &str, name: &str, body: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let section = format!("{begin}\n{}\n{end}", body.trim());
    match (text.find(&begin), text.find(&end)) {
        (Some(from), Some(to)) if from < to => format!("{}{section}{}", &text[..from], &text[to + end.len()..]),
        _ => format!("{}\n\n{section}\n", text.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_replaces_itself_and_leaves_the_others() {
        let text = replaced(&replaced(HEAD, "a", "one"), "b", "two");
        let text = replaced(&text, "a", "three");
        assert_eq!(text, format!("{HEAD}\n<!-- a -->\nthree\n<!-- /a -->\n\n<!-- b -->\ntwo\n<!-- /b -->\n"));
    }
}
