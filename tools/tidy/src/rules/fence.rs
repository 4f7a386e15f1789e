//! The fence around the query engine: it is most of the build, so only the data district pays for it.

use crate::{Tree, Violation};

const FENCED: [&str; 4] = ["datafusion", "ballista", "arrow", "parquet"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let outside = tree.manifests.iter().filter(|m| m.district() != Some("data"));
    let found = outside.flat_map(|m| {
        let through = m.dependencies.iter().filter(|d| is_fenced(&d.package));
        through.map(|d| Violation::of_file(&m.path, format!("only crates/data may depend on {}", d.package)))
    });
    found.collect()
}

/// The crates themselves and their families, such as `arrow-schema`.
fn is_fenced(package: &str) -> bool {
    FENCED
        .iter()
        .any(|name| package.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_'])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    fn found(path: &str, dependency: &str) -> usize {
        let text = format!("[package]\nname = \"a\"\n[dependencies]\n{dependency}.workspace = true\n");
        check(&written(&[(path, &text)])).len()
    }

    #[test]
    fn holds_outside_and_opens_inside() {
        for package in ["datafusion", "arrow-schema", "ballista-core", "parquet"] {
            assert_eq!(found("crates/market/city/Cargo.toml", package), 1, "{package}");
            assert_eq!(found("crates/doorstep/Cargo.toml", package), 1, "{package}");
            assert_eq!(found("crates/data/lake/Cargo.toml", package), 0, "{package}");
        }
        assert_eq!(found("crates/market/city/Cargo.toml", "arrowhead"), 0);
    }
}
