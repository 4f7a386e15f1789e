//! A package is named after its folder, and a folder of crates is one of the four districts.

use crate::manifest::Place;
use crate::{Tree, Violation};

const DISTRICTS: [&str; 4] = ["ground", "market", "media", "data"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for manifest in &tree.manifests {
        let expected = match manifest.place {
            Place::Binary => "doorstep".to_owned(),
            _ => format!("doorstep-{}", manifest.folder),
        };
        if manifest.package != expected {
            found.push(Violation::of_file(
                &manifest.path,
                format!("the package is named {}; its folder wants {expected}", manifest.package),
            ));
        }
        if let Some(district) = manifest.district() {
            let deep = manifest.path.split('/').count() == 4;
            if !DISTRICTS.contains(&district) || !deep {
                let message = format!(
                    "a crate stands in crates/<district>/<crate>, and a district is one of {}",
                    DISTRICTS.join(", ")
                );
                found.push(Violation::of_file(&manifest.path, message));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    fn found(path: &str, package: &str) -> usize {
        check(&written(&[(path, &format!("[package]\nname = \"{package}\"\n"))])).len()
    }

    #[test]
    fn the_folder_names_the_package() {
        assert_eq!(found("crates/ground/geo/Cargo.toml", "doorstep-geo"), 0);
        assert_eq!(found("crates/ground/geo/Cargo.toml", "doorstep-places"), 1);
        assert_eq!(found("crates/doorstep/Cargo.toml", "doorstep"), 0);
        assert_eq!(found("bench/Cargo.toml", "doorstep-bench"), 0);
        assert_eq!(found("bench/Cargo.toml", "bench"), 1);
    }

    #[test]
    fn there_are_four_districts() {
        assert_eq!(found("crates/attic/geo/Cargo.toml", "doorstep-geo"), 1);
        assert_eq!(found("crates/ground/geo/deep/Cargo.toml", "doorstep-deep"), 1);
        assert_eq!(found("crates/geo/Cargo.toml", "doorstep-geo"), 1);
    }
}
