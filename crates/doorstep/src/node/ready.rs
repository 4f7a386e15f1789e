//! The ready file: where everything listens, written when everything does.

use std::{io::Write as _, net::SocketAddr, path::Path};

use anyhow::Context as _;
use serde::Serialize;

/// What the ready file says; a face that does not exist is not in it.
#[derive(Debug, Serialize)]
pub(crate) struct Ready {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) objects: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metrics: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flight: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hive: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postgres: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) admin_key: Option<AdminKey>,
}

/// A key and its secret, as text.
#[derive(Clone, Debug, Serialize)]
pub struct AdminKey {
    /// The public half.
    pub access: String,
    /// The secret half.
    pub secret: String,
}

/// Writes the file beside its place and renames it: a reader sees all of it or nothing.
/// Only the owner may read it, since it holds a secret.
pub(crate) fn write(path: &Path, ready: &Ready) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(hidden);
    let text = serde_json::to_string_pretty(ready)?;
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().with_context(|| format!("cannot write the ready file {}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_faces_that_exist_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ready.json");
        let key = AdminKey { access: "a".to_owned(), secret: "s".to_owned() };
        let ready = Ready {
            api: Some(([127, 0, 0, 1], 5).into()),
            objects: None,
            metrics: None,
            flight: None,
            hive: None,
            postgres: None,
            admin_key: Some(key),
        };
        write(&file, &ready).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let expected = serde_json::json!({"api": "127.0.0.1:5", "admin_key": {"access": "a", "secret": "s"}});
        assert_eq!(read, expected);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
