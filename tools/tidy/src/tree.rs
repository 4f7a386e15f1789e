//! The project as the rules see it: the text of its files and its manifests.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::manifest::Manifest;

/// A text file of the project.
#[derive(Clone, Debug)]
pub struct File {
    /// Relative to the root, with `/` between parts.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl File {
    /// What follows the last dot of the name, if there is one.
    #[must_use]
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or("");
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// All that the rules judge.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Every source file and every document.
    pub files: Vec<File>,
    /// Every `Cargo.toml` with a package.
    pub manifests: Vec<Manifest>,
}

/// The kinds of files that are read; others (data, pictures, lock files) are no rule's business.
const READ: [&str; 8] = ["rs", "ts", "svelte", "css", "py", "sh", "md", "toml"];

impl Tree {
    /// Reads the files Git knows or would add, so that what is ignored is not judged.
    ///
    /// # Errors
    /// When Git cannot list the files, or a file cannot be read, or a manifest is no TOML.
    pub fn read(root: &Path) -> Result<Self> {
        let git = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()
            .context("git, which knows the project's files, cannot be started")?;
        if !git.status.success() {
            bail!("git cannot list the files of {}: {}", root.display(), String::from_utf8_lossy(&git.stderr).trim());
        }
        let names = String::from_utf8(git.stdout).context("a file name is not UTF-8")?;
        let mut names: Vec<&str> = names.split('\0').filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        let mut files = Vec::new();
        for name in names {
            let file = File { path: name.to_owned(), text: String::new() };
            let place = root.join(name);
            // A file that was deleted but is not yet committed as such is still listed.
            if READ.contains(&file.extension()) && place.is_file() {
                let text = std::fs::read_to_string(&place).with_context(|| format!("cannot read {name}"))?;
                files.push(File { text, ..file });
            }
        }
        Self::of(files)
    }

    /// A tree of files that are already at hand.
    ///
    /// # Errors
    /// When a manifest is no TOML.
    pub fn of(files: Vec<File>) -> Result<Self> {
        let mut manifests = Vec::new();
        for file in files.iter().filter(|f| f.path == "Cargo.toml" || f.path.ends_with("/Cargo.toml")) {
            manifests.extend(Manifest::parse(&file.path, &file.text)?);
        }
        Ok(Self { files, manifests })
    }

    /// The files with one of these extensions.
    pub fn with_extension<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(|file| extensions.contains(&file.extension()))
    }
}

/// A tree written down in a test: pairs of path and text.
#[cfg(test)]
pub(crate) fn written(files: &[(&str, &str)]) -> Tree {
    let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
    Tree::of(files.iter().map(file).collect()).expect("the manifests of a test are valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_of_the_name_only() {
        let of = |path: &str| File { path: path.to_owned(), text: String::new() }.extension().to_owned();
        assert_eq!((of("a.b/c"), of("x/y.test.ts"), of("Makefile")), (String::new(), "ts".into(), String::new()));
    }

    #[test]
    fn a_manifest_that_is_no_toml_is_named() {
        let file = File { path: "bench/Cargo.toml".into(), text: "[package".into() };
        let reason = format!("{:#}", Tree::of(vec![file]).err().map_or_else(String::new, |e| format!("{e:#}")));
        assert!(reason.contains("bench/Cargo.toml"), "{reason}");
    }
}
