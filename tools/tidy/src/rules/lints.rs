//! Every crate of the workspace takes the workspace's lints.

use crate::{Tree, Violation};

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    // A workspace of its own cannot inherit from this one.
    let members = tree.manifests.iter().filter(|m| !m.own_workspace);
    let without = members.filter(|m| !m.lints_from_workspace);
    without.map(|m| Violation::of_file(&m.path, "add `[lints]` with `workspace = true`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    fn found(rest: &str) -> usize {
        check(&written(&[("bench/Cargo.toml", &format!("[package]\nname = \"a\"\n{rest}"))])).len()
    }

    #[test]
    fn lints_come_from_the_workspace() {
        assert_eq!(found("[lints]\nworkspace = true\n"), 0);
        assert_eq!(found("[workspace]\n"), 0);
        assert_eq!(found(""), 1);
        assert_eq!(found("[lints]\nworkspace = false\n"), 1);
        assert_eq!(found("[lints.rust]\nunsafe_code = \"allow\"\n"), 1);
    }
}
