//! What the rules want to know of a `Cargo.toml`, and where in the house its crate stands.

use anyhow::{Context, Result};
use toml::{Table, Value};

/// The manifest of one package.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The manifest's path, relative to the root.
    pub path: String,
    /// Where the crate stands.
    pub place: Place,
    /// The last folder of its path.
    pub folder: String,
    /// The name of the package.
    pub package: String,
    /// Everything it depends on, for building, testing or build scripts.
    pub dependencies: Vec<Dependency>,
    /// Whether it takes the workspace's lints.
    pub lints_from_workspace: bool,
    /// Whether it is a workspace of its own (the fuzz targets), beyond the reach of the other one.
    pub own_workspace: bool,
}

/// Where a crate stands in the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `crates/<district>/<crate>`.
    District(String),
    /// `crates/doorstep`.
    Binary,
    /// Beside the house: tests, bench, fuzz, tools.
    Beside,
}

/// One line of a dependency table.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The name of the package, also where the manifest renames it.
    pub package: String,
    /// Whether the manifest chooses features itself (`features` or `default-features`).
    pub chooses_features: bool,
}

impl Manifest {
    /// Reads a manifest; none when it has no package (a bare workspace).
    ///
    /// # Errors
    /// When it is no TOML.
    pub fn parse(path: &str, text: &str) -> Result<Option<Self>> {
        let toml: Table = text.parse().with_context(|| format!("{path} is not valid TOML"))?;
        let Some(package) = toml.get("package").and_then(|p| p.get("name")).and_then(Value::as_str) else {
            return Ok(None);
        };
        let parts: Vec<&str> = path.split('/').collect();
        let place = match parts.as_slice() {
            ["crates", "doorstep", _] => Place::Binary,
            ["crates", district, ..] => Place::District((*district).to_owned()),
            _ => Place::Beside,
        };
        let folder = parts.len().checked_sub(2).map_or("", |at| parts[at]);
        let lints = toml.get("lints").and_then(|l| l.get("workspace")).and_then(Value::as_bool);
        Ok(Some(Self {
            path: path.to_owned(),
            place,
            folder: folder.to_owned(),
            package: package.to_owned(),
            dependencies: dependencies(&toml),
            lints_from_workspace: lints == Some(true),
            own_workspace: toml.contains_key("workspace"),
        }))
    }

    /// The district, when it stands in one.
    #[must_use]
    pub fn district(&self) -> Option<&str> {
        match &self.place {
            Place::District(name) => Some(name),
            _ => None,
        }
    }
}

/// All dependency tables, those under `[target.…]` too.
fn dependencies(toml: &Table) -> Vec<Dependency> {
    const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = toml.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let roots = std::iter::once(toml).chain(targets.filter_map(Value::as_table));
    let tables = roots.flat_map(|root| TABLES.iter().filter_map(|name| root.get(*name)?.as_table()));
    tables.flatten().map(|(key, value)| dependency(key, value)).collect()
}

fn dependency(key: &str, value: &Value) -> Dependency {
    Dependency {
        package: value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned(),
        chooses_features: ["features", "default-features"].iter().any(|word| value.get(word).is_some()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_all_tables_and_sees_through_renames() {
        let text = r#"
            [package]
            name = "doorstep-x"
            [dependencies]
            plain = "1"
            [dev-dependencies]
            short = { package = "long-name", version = "1" }
            [target.'cfg(unix)'.build-dependencies]
            rich = { workspace = true, features = ["a"] }
            [lints]
            workspace = true
        "#;
        let manifest = Manifest::parse("crates/market/x/Cargo.toml", text).unwrap().unwrap();
        assert_eq!((manifest.district(), manifest.folder.as_str()), (Some("market"), "x"));
        assert!(manifest.lints_from_workspace && !manifest.own_workspace);
        let got: Vec<_> = manifest.dependencies.iter().map(|d| (d.package.as_str(), d.chooses_features)).collect();
        assert_eq!(got, [("plain", false), ("long-name", false), ("rich", true)]);
    }

    #[test]
    fn knows_the_places() {
        let place = |path| Manifest::parse(path, "[package]\nname = \"a\"").unwrap().unwrap().place;
        assert_eq!(place("crates/doorstep/Cargo.toml"), Place::Binary);
        assert_eq!(place("tools/tidy/Cargo.toml"), Place::Beside);
        assert_eq!(place("crates/ground/geo/Cargo.toml"), Place::District("ground".into()));
        assert!(Manifest::parse("Cargo.toml", "[workspace]").unwrap().is_none());
    }
}
