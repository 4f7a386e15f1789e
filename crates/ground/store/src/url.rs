//! Store addresses: which backend, where.

use std::path::PathBuf;

use crate::StoreError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    SqliteFile(PathBuf),
    SqliteMemory,
    Postgres(String),
}

pub(crate) fn parse(url: &str) -> Result<Address, StoreError> {
    if url == "sqlite::memory:" {
        return Ok(Address::SqliteMemory);
    }
    if let Some(path) = url.strip_prefix("sqlite://")
        && !path.is_empty()
        && !path.ends_with('/')
    {
        return Ok(Address::SqliteFile(PathBuf::from(path)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Address::Postgres(url.to_owned()));
    }
    Err(StoreError::UnknownUrl { url: redacted(url) })
}

/// The address without its password, for messages and logs.
pub(crate) fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    // The last `@` ends the user part: a raw `@` inside a password must not leak its tail.
    let rest = match rest[..authority_end].rfind('@').or_else(|| rest.rfind('@')) {
        Some(at) => {
            let user = rest[..at].split(':').next().unwrap_or_default();
            format!("{user}{}", &rest[at..])
        }
        None => rest.to_owned(),
    };
    match query {
        Some(query) => {
            let kept: Vec<&str> = query.split('&').filter(|p| !p.starts_with("password")).collect();
            format!("{scheme}://{rest}?{}", kept.join("&"))
        }
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn understands_the_three_forms() {
        assert_eq!(parse("sqlite:///a/b.db").unwrap(), Address::SqliteFile("/a/b.db".into()));
        assert_eq!(parse("sqlite::memory:").unwrap(), Address::SqliteMemory);
        assert!(matches!(parse("postgres://h/d").unwrap(), Address::Postgres(_)));
        for bad in ["", "sqlite://", "mysql://h/d", "sqlite:///dir/"] {
            assert!(parse(bad).unwrap_err().to_string().contains("sqlite:///path"), "{bad}");
        }
    }

    #[test]
    fn never_shows_a_password() {
        for url in [
            "postgres://u:secret@h:5432/d",
            "postgres://u:se@secret@h/d",
            "postgres://u:x/secret@h/d",
            "postgres://u@h/d?password=secret&sslmode=disable",
            "mysql://u:secret@h/d",
        ] {
            let shown = redacted(url);
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.contains('h'), "{shown}");
        }
    }
}
