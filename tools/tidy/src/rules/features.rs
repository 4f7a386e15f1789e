//! Features of dependencies are chosen once, in the root manifest: one graph for every build.

use crate::{Tree, Violation};

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let members = tree.manifests.iter().filter(|m| !m.own_workspace);
    let found = members.flat_map(|m| {
        let own = m.dependencies.iter().filter(|d| d.chooses_features);
        own.map(|d| {
            Violation::of_file(
                &m.path,
                format!(
                    "choose the features of {} in the root Cargo.toml, and write `{}.workspace = true` here",
                    d.package, d.package
                ),
            )
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    fn found(dependency: &str) -> usize {
        let text = format!("[package]\nname = \"a\"\n[dependencies]\n{dependency}\n");
        check(&written(&[("bench/Cargo.toml", &text)])).len()
    }

    #[test]
    fn features_belong_to_the_root() {
        assert_eq!(found("serde.workspace = true"), 0);
        assert_eq!(found("serde = { workspace = true, features = [\"rc\"] }"), 1);
        assert_eq!(found("serde = { version = \"1\", default-features = false }"), 1);
    }
}
