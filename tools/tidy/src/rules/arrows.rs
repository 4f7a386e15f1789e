//! Arrows go down only: which crate may depend on which.

use std::collections::BTreeMap;

use crate::manifest::{Manifest, Place};
use crate::{Tree, Violation};

/// The arrows allowed inside a district. The ground is open to every district besides.
const INSIDE: &[(&str, &str, &[&str])] = &[
    ("ground", "blobs", &["clock"]),
    ("ground", "identity", &["store", "clock"]),
    ("ground", "store", &["clock"]),
    ("ground", "journal", &["clock"]),
    ("ground", "meter", &["journal", "store", "money", "clock"]),
    ("market", "city", &["dispatch", "pooling", "pricing", "ratings", "orders", "roads"]),
    ("market", "dispatch", &["pooling", "roads"]),
    ("market", "orders", &["pricing"]),
    ("market", "pooling", &["roads"]),
    ("market", "pricing", &[]),
    ("media", "s3", &["objects"]),
    ("media", "ufile", &["objects"]),
    ("media", "webhdfs", &["objects"]),
    ("media", "video", &["objects"]),
    ("media", "live", &["objects"]),
    ("media", "edge", &["images"]),
    ("media", "pictures", &["images", "objects"]),
    ("data", "mapreduce", &["lake"]),
    ("data", "cluster", &["lake"]),
    ("data", "hive", &["lake"]),
    ("data", "pgwire", &["lake"]),
    ("data", "insights", &["lake"]),
];

/// Those beside the house that may use all of it.
const SEE_ALL: [&str; 3] = ["tests", "bench", "fuzz"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let ours: BTreeMap<&str, &Manifest> = tree.manifests.iter().map(|m| (m.package.as_str(), m)).collect();
    let mut found = Vec::new();
    for from in &tree.manifests {
        for to in from.dependencies.iter().filter_map(|d| ours.get(d.package.as_str())) {
            if let Some(reason) = forbidden(from, to) {
                found.push(Violation::of_file(
                    &from.path,
                    format!("{} must not depend on {}: {reason}", from.package, to.package),
                ));
            }
        }
    }
    found
}

/// Why an arrow is not allowed, or nothing when it is.
fn forbidden(from: &Manifest, to: &Manifest) -> Option<String> {
    match (&from.place, &to.place) {
        (Place::Beside, _) if SEE_ALL.contains(&from.folder.as_str()) => None,
        (Place::Beside, _) => Some("only the binary, tests, bench and fuzz see the house".to_owned()),
        (_, Place::Beside) => Some("the house never depends on what stands beside it".to_owned()),
        (Place::District(_), Place::Binary) => Some("the binary is on top; nothing below sees it".to_owned()),
        (Place::Binary, _) => None,
        (Place::District(a), Place::District(b)) if a == b => {
            let allowed = INSIDE.iter().find(|(d, c, _)| d == a && *c == from.folder).map_or(&[][..], |(_, _, to)| *to);
            if allowed.contains(&to.folder.as_str()) {
                return None;
            }
            let list = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
            Some(format!("within {a} it may see {list}; hand in what it needs from above"))
        }
        (Place::District(_), Place::District(b)) if b == "ground" => None,
        (Place::District(a), Place::District(b)) => {
            Some(format!("{a} and {b} never see each other; let the binary hand it in as a trait of the ground"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::written;

    /// The violations of a house in which `from` depends on `to`, both given by their folders.
    fn arrow(from: &str, to: &str) -> Vec<Violation> {
        let name = |folder: &str| match folder.rsplit('/').next() {
            Some("doorstep") => "doorstep".to_owned(),
            last => format!("doorstep-{}", last.unwrap_or("")),
        };
        let to_manifest = format!("[package]\nname = \"{}\"\n", name(to));
        let from_manifest =
            format!("[package]\nname = \"{}\"\n[dev-dependencies]\n{}.workspace = true\n", name(from), name(to));
        check(&written(&[(&format!("{from}/Cargo.toml"), &from_manifest), (&format!("{to}/Cargo.toml"), &to_manifest)]))
    }

    #[test]
    fn arrows_that_are_allowed() {
        for (from, to) in [
            ("crates/market/city", "crates/market/dispatch"),
            ("crates/market/dispatch", "crates/market/roads"),
            ("crates/market/roads", "crates/ground/geo"),
            ("crates/ground/identity", "crates/ground/store"),
            ("crates/data/hive", "crates/data/lake"),
            ("crates/doorstep", "crates/market/city"),
            ("tests", "crates/doorstep"),
            ("bench", "crates/market/roads"),
        ] {
            assert_eq!(arrow(from, to), [], "{from} to {to}");
        }
    }

    #[test]
    fn arrows_that_are_not() {
        for (from, to, why) in [
            ("crates/market/orders", "crates/market/dispatch", "within market it may see pricing"),
            ("crates/market/dispatch", "crates/market/city", "it may see pooling, roads"),
            ("crates/ground/store", "crates/market/roads", "ground and market never see each other"),
            ("crates/media/edge", "crates/data/lake", "media and data never see each other"),
            ("crates/ground/geo", "crates/ground/clock", "within ground it may see none"),
            ("crates/market/city", "crates/doorstep", "nothing below sees it"),
            ("crates/ground/clock", "tools/tidy", "beside it"),
            ("tools/tidy", "crates/ground/clock", "only the binary"),
        ] {
            let found = arrow(from, to);
            assert!(found.len() == 1 && found[0].message.contains(why), "{from} to {to}: {found:?}");
        }
    }
}
