//! The layers: defaults under the file under the environment under the command line.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{Config, ConfigError, Mistake, fields::FIELDS};
use crate::roles::Role;

/// Where a setting's value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A checked configuration that remembers where each value came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// By the setting's name; what is not in here is a default.
    pub sources: BTreeMap<&'static str, Source>,
}

impl Loaded {
    /// Where the setting's value came from.
    #[must_use]
    pub fn source(&self, field: &str) -> Source {
        self.sources.get(field).cloned().unwrap_or(Source::Default)
    }
}

/// Gathers the layers, then checks everything at once.
#[derive(Debug, Default)]
pub struct Loader {
    file: Option<PathBuf>,
    variables: BTreeMap<String, String>,
    flags: Vec<(&'static str, &'static str, String)>,
}

impl Loader {
    /// A loader that has seen this process's environment.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::with_variables(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// A loader with these environment variables.
    pub fn with_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            variables: variables.into_iter().filter(|(name, _)| name.starts_with("DOORSTEP_")).collect(),
            ..Self::default()
        }
    }

    /// Reads this file. Without it `DOORSTEP_CONFIG` names one, else there is none.
    #[must_use]
    pub fn file(mut self, file: Option<&Path>) -> Self {
        self.file = file
            .map(Path::to_owned)
            .or_else(|| self.variables.get("DOORSTEP_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from));
        self
    }

    /// Lays a flag over everything else, if it was given.
    #[must_use]
    pub fn flag(mut self, flag: &'static str, field: &'static str, value: Option<String>) -> Self {
        self.flags.extend(value.map(|value| (flag, field, value)));
        self
    }

    /// The configuration, or everything that is wrong with it.
    pub fn load(self) -> Result<Loaded, ConfigError> {
        let mut config = Config::default();
        let mut sources = BTreeMap::new();
        let mut mistakes = Vec::new();
        let written = match &self.file {
            Some(path) => flatten(&read(path)?),
            None => BTreeMap::new(),
        };
        for field in FIELDS {
            let variable = field.variable();
            let layers = [
                self.file
                    .as_ref()
                    .and_then(|path| Some((Source::File(path.clone()), written.get(field.name)?.clone()))),
                self.variables.get(&variable).map(|text| (Source::Variable(variable), Value::String(text.clone()))),
                self.flags
                    .iter()
                    .rfind(|(_, name, _)| *name == field.name)
                    .map(|(flag, _, text)| (Source::Flag(flag), Value::String(text.clone()))),
            ];
            // Each layer is checked, not only the one that wins: a mistake that is covered today shows tomorrow.
            for (source, value) in layers.into_iter().flatten() {
                match (field.put)(&mut config, &value) {
                    Ok(()) => drop(sources.insert(field.name, source)),
                    Err(misfit) => mistakes.push(Mistake {
                        field: field.name.to_owned(),
                        source: source.to_string(),
                        reason: misfit.reason,
                        fix: misfit.fix,
                    }),
                }
            }
        }
        let file = self.file.as_ref().map_or_else(String::new, |path| format!("file {}", path.display()));
        for name in written.keys().filter(|name| !FIELDS.iter().any(|field| field.name == **name)) {
            mistakes.push(unknown(name, &file, FIELDS.iter().map(|field| field.name.to_owned())));
        }
        for name in self.variables.keys().filter(|name| !is_ours(name)) {
            let known = FIELDS.iter().map(super::fields::Field::variable);
            mistakes.push(unknown(name, "environment", known));
        }
        together(&config, &sources, &mut mistakes);
        if mistakes.is_empty() { Ok(Loaded { config, sources }) } else { Err(ConfigError::Mistakes { mistakes }) }
    }
}

/// Variables that other parts read: the file's own name, whom commands ask and as whom, the tests' servers.
fn is_ours(name: &str) -> bool {
    ["DOORSTEP_CONFIG", "DOORSTEP_SERVER", "DOORSTEP_KEY"].contains(&name)
        || name.starts_with("DOORSTEP_TEST_")
        || FIELDS.iter().any(|field| field.variable() == name)
}

/// Rules that need more than one setting.
fn together(config: &Config, sources: &BTreeMap<&'static str, Source>, mistakes: &mut Vec<Mistake>) {
    let mut add = |field: &'static str, reason: String, fix: &str| {
        let source = sources.get(field).cloned().unwrap_or(Source::Default).to_string();
        mistakes.push(Mistake { field: field.to_owned(), source, reason, fix: fix.to_owned() });
    };
    if config.has(Role::Api) && !config.has(Role::City) && !config.has(Role::Objects) {
        add(
            "roles",
            "api without city or objects has nothing to serve".to_owned(),
            "add one of them: one process runs all",
        );
    }
    let (api, metrics) = (config.api.listen, config.metrics.listen);
    if config.has(Role::Api) && config.has(Role::Metrics) && api == metrics && api.port() != 0 {
        add("metrics.listen", format!("{metrics} is taken by api.listen"), "choose another port");
    }
    if config.limits.burst < config.limits.requests_per_s / 100 {
        add("limits.burst", "is less than ten milliseconds of limits.requests_per_s".to_owned(), "raise it");
    }
    if config.dispatch.offer_s >= config.dispatch.max_wait_s {
        add(
            "dispatch.offer_s",
            "is not below dispatch.max_wait_s".to_owned(),
            "a request must outlive an offer: lower it",
        );
    }
    for city in &config.cities {
        if !city.join("city.bin").is_file() {
            let reason = format!("{} holds no city.bin", city.display());
            add("cities", reason, "name a directory made by `doorstep city import --out DIR`");
        }
    }
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    text.parse::<Table>().map_err(|error| ConfigError::Syntax { path: path.to_owned(), reason: error.to_string() })
}

/// `[api] listen = …` → `api.listen`; a table that is itself wanted as a value stays visible by its name.
fn flatten(table: &Table) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => {
                for (key, value) in inner {
                    flat.insert(format!("{name}.{key}"), value.clone());
                }
            }
            value => drop(flat.insert(name.clone(), value.clone())),
        }
    }
    flat
}

fn unknown(name: &str, source: &str, known: impl Iterator<Item = String>) -> Mistake {
    let near = known.map(|known| (distance(name, &known), known)).min().filter(|(far, _)| *far <= 4);
    Mistake {
        field: name.to_owned(),
        source: source.to_owned(),
        reason: "there is no such setting".to_owned(),
        fix: match near {
            Some((_, known)) => format!("did you mean {known}?"),
            None => "remove it; `doorstep config show` lists all settings".to_owned(),
        },
    }
}

/// Edits between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let edit = corner + usize::from(ca != *cb);
            corner = row[j + 1];
            row[j + 1] = edit.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Loader {
        Loader::with_variables(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())))
    }

    #[test]
    fn layers_cover_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("d.toml");
        std::fs::write(&file, "[limits]\nburst = 7\nrequests_per_s = 8\n[api]\nlisten = \"127.0.0.1:1\"\n").unwrap();
        let loaded = variables(&[("DOORSTEP_LIMITS_BURST", "9"), ("PATH", "/bin"), ("DOORSTEP_KEY", "a:b")])
            .file(Some(&file))
            .flag("--listen", "api.listen", Some("127.0.0.1:2".to_owned()))
            .load()
            .unwrap();
        assert_eq!(loaded.config.limits.burst, 9);
        assert_eq!(loaded.config.limits.requests_per_s, 8);
        assert_eq!(loaded.config.api.listen.port(), 2);
        assert_eq!(loaded.source("api.listen"), Source::Flag("--listen"));
        assert_eq!(loaded.source("limits.burst"), Source::Variable("DOORSTEP_LIMITS_BURST".to_owned()));
        assert_eq!(loaded.source("limits.requests_per_s"), Source::File(file));
        assert_eq!(loaded.source("data"), Source::Default);
    }

    #[test]
    fn every_mistake_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("d.toml");
        std::fs::write(&file, "roles = [\"apy\"]\nstorre = \"x\"\n[limits]\nburst = 0\nspeed = 1\n").unwrap();
        let error = variables(&[("DOORSTEP_API_LISTEN", "8080"), ("DOORSTEP_LIMIT_BURST", "1")])
            .file(Some(&file))
            .flag("--city", "cities", Some("/nowhere".to_owned()))
            .load()
            .unwrap_err();
        let mistakes = error.mistakes();
        let fields: Vec<&str> = mistakes.iter().map(|m| m.field.as_str()).collect();
        assert_eq!(
            fields,
            ["roles", "api.listen", "limits.burst", "limits.speed", "storre", "DOORSTEP_LIMIT_BURST", "cities"]
        );
        assert!(mistakes.iter().all(|m| !m.fix.is_empty() && !m.source.is_empty()));
        assert_eq!(mistakes[4].fix, "did you mean store?");
        assert_eq!(mistakes[5].fix, "did you mean DOORSTEP_LIMITS_BURST?");
    }

    #[test]
    fn what_is_shown_can_be_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("d.toml");
        let loaded = variables(&[]).load().unwrap();
        std::fs::write(&file, loaded.to_toml()).unwrap();
        let again = variables(&[]).file(Some(&file)).load().unwrap();
        assert_eq!(format!("{:?}", loaded.config), format!("{:?}", again.config));
    }

    #[test]
    fn a_broken_file_names_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("d.toml");
        std::fs::write(&file, "a = 1\nb = = 2\n").unwrap();
        let error = variables(&[]).file(Some(&file)).load().unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(variables(&[]).file(Some(&dir.path().join("none"))).load().is_err());
    }
}
