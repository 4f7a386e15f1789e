//! The table of settings: one row each, in the order in which `config show` prints them.
//!
//! tidy-allow-long: the table is one list that grows by a row a setting, and is read as one.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use toml::Value;

use super::{Config, DispatchPolicy, LogFormat};
use crate::roles::Role;

/// A value that does not fit: why, and what would.
pub(super) struct Misfit {
    pub(super) reason: String,
    pub(super) fix: String,
}

/// One setting.
pub(super) struct Field {
    /// Its name in the file, with the table: `api.listen`.
    pub(super) name: &'static str,
    /// What it is for; printed above it by `config show`.
    pub(super) help: &'static str,
    /// Reads a value of the file, the environment or the command line (the latter two as text).
    pub(super) put: fn(&mut Config, &Value) -> Result<(), Misfit>,
    /// The value as it stands; `None` where nothing is set and a default is derived.
    pub(super) get: fn(&Config) -> Option<Value>,
}

impl Field {
    /// `limits.burst` → `DOORSTEP_LIMITS_BURST`.
    pub(super) fn variable(&self) -> String {
        format!("DOORSTEP_{}", self.name.replace('.', "_").to_uppercase())
    }
}

macro_rules! field {
    ($name:literal, $help:literal, $at:ident $(. $rest:ident)*, $read:expr, $write:expr) => {
        Field {
            name: $name,
            help: $help,
            put: |config, value| {
                config.$at$(.$rest)* = $read(value)?;
                Ok(())
            },
            get: |config| $write(&config.$at$(.$rest)*),
        }
    };
}

/// Every setting there is.
pub(super) const FIELDS: &[Field] = &[
    field!("roles", "What this process does: city, lake, hive, api, objects, metrics.", roles, roles, |roles: &Vec<
        Role,
    >| {
        Some(Value::Array(roles.iter().map(|r| Value::String(r.as_str().to_owned())).collect()))
    }),
    field!("data", "Directory for everything durable that has no address of its own.", data, path, |p: &PathBuf| {
        text_of(&p.display().to_string())
    }),
    field!(
        "store",
        "sqlite:///path/doorstep.db or postgres://user@host/database; without it a SQLite file inside data.",
        store,
        store,
        |s: &Option<String>| s.as_deref().map(|url| Value::String(without_password(url)))
    ),
    field!("cities", "Directories made by `doorstep city import`; each runs live.", cities, paths, |p: &Vec<
        PathBuf,
    >| {
        Some(Value::Array(p.iter().map(|p| Value::String(p.display().to_string())).collect()))
    }),
    field!(
        "api.listen",
        "Where the HTTP API and the console listen. Loopback unless you say otherwise.",
        api.listen,
        address,
        |a: &SocketAddr| { text_of(&a.to_string()) }
    ),
    field!(
        "api.cors_origins",
        "Browser origins that may call the API beside the console, for example https://app.example.com.",
        api.cors_origins,
        origins,
        |o: &Vec<String>| { Some(Value::Array(o.iter().cloned().map(Value::String).collect())) }
    ),
    field!(
        "objects.listen",
        "Where buckets and objects are served (S3).",
        objects.listen,
        address,
        |a: &SocketAddr| { text_of(&a.to_string()) }
    ),
    field!(
        "objects.bytes",
        "s3://bucket/prefix for objects' bytes; without it the directory `blobs` inside data.",
        objects.bytes,
        |v| bytes_url(v).map(Some),
        |u: &Option<String>| u.as_deref().map(|url| Value::String(without_password(url)))
    ),
    field!(
        "objects.domains",
        "Domains under which buckets are hosts, for example s3.example.com for photos.s3.example.com.",
        objects.domains,
        list,
        |d: &Vec<String>| Some(Value::Array(d.iter().cloned().map(Value::String).collect()))
    ),
    field!("objects.region", "The region that S3 clients sign for.", objects.region, region, |r: &String| {
        text_of(r)
    }),
    field!(
        "objects.requests",
        "Object requests at once; more are told to slow down.",
        objects.requests,
        |v| size(v, 1, 1_000_000),
        size_of
    ),
    field!(
        "objects.connections",
        "Connections to objects at once; more wait in the system's queue.",
        objects.connections,
        |v| size(v, 1, 1_000_000),
        size_of
    ),
    field!(
        "objects.key_file",
        "File with the key that seals access keys' secrets, the same for all nodes of a store; without it node.key inside data.",
        objects.key_file,
        |v| path(v).map(Some),
        |p: &Option<PathBuf>| p.as_ref().map(|p| Value::String(p.display().to_string()))
    ),
    field!("metrics.listen", "Where the Prometheus page listens.", metrics.listen, address, |a: &SocketAddr| {
        text_of(&a.to_string())
    }),
    field!(
        "journal.dir",
        "Directory of the event streams; without it `journal` inside data.",
        journal.dir,
        |v| path(v).map(Some),
        |d: &Option<PathBuf>| { d.as_ref().map(|d| Value::String(d.display().to_string())) }
    ),
    field!(
        "journal.segment_mib",
        "Size of one file of a stream, in MiB.",
        journal.segment_mib,
        |v| whole(v, 1, 1024),
        integer_of
    ),
    field!(
        "journal.keep_mib",
        "A stream's oldest files go when it is larger, in MiB.",
        journal.keep_mib,
        |v| whole(v, 1, 1 << 24),
        integer_of
    ),
    field!(
        "journal.keep_hours",
        "A stream's files go when they are older, in hours.",
        journal.keep_hours,
        |v| whole(v, 1, 24 * 3660),
        integer_of
    ),
    field!(
        "dispatch.batch_s",
        "Seconds between two decisions of a city.",
        dispatch.batch_s,
        |v| seconds(v, 0.5, 60.0),
        float_of
    ),
    field!(
        "dispatch.max_wait_s",
        "Seconds after which a request that found no driver is given up.",
        dispatch.max_wait_s,
        |v| seconds(v, 10.0, 3600.0),
        float_of
    ),
    field!(
        "dispatch.offer_s",
        "Seconds a driver has to answer an offer.",
        dispatch.offer_s,
        |v| seconds(v, 1.0, 300.0),
        float_of
    ),
    field!(
        "dispatch.heartbeat_s",
        "Seconds without a position after which a driver counts as gone.",
        dispatch.heartbeat_s,
        |v| seconds(v, 2.0, 3600.0),
        float_of
    ),
    field!(
        "dispatch.rebalance_s",
        "Seconds between two decisions on where idle drivers had best wait; 0 for none.",
        dispatch.rebalance_s,
        |v| seconds(v, 0.0, 3600.0),
        float_of
    ),
    field!(
        "lake.dir",
        "Directory of the tables' data files; without it `lake` inside data.",
        lake.dir,
        |v| path(v).map(Some),
        |d: &Option<PathBuf>| { d.as_ref().map(|d| Value::String(d.display().to_string())) }
    ),
    field!(
        "lake.flight_listen",
        "Where Arrow Flight SQL listens. Loopback unless you say otherwise; it is not encrypted.",
        lake.flight_listen,
        address,
        |a: &SocketAddr| { text_of(&a.to_string()) }
    ),
    field!(
        "lake.queries",
        "Statements that run at once; more wait for their turn.",
        lake.queries,
        |v| size(v, 1, 1024),
        size_of
    ),
    field!(
        "lake.query_mib",
        "Memory of one statement, in MiB; more is spilled to disk.",
        lake.query_mib,
        |v| whole(v, 16, 1 << 20),
        integer_of
    ),
    field!(
        "lake.query_timeout_s",
        "Seconds after which a statement is ended.",
        lake.query_timeout_s,
        |v| seconds(v, 0.1, 86_400.0),
        float_of
    ),
    field!(
        "lake.flush_s",
        "Seconds after which new rows go into a file; they are seen at once in any case.",
        lake.flush_s,
        |v| seconds(v, 0.1, 3600.0),
        float_of
    ),
    field!(
        "hive.listen",
        "Where HiveServer2 listens. Loopback unless you say otherwise; it is not encrypted.",
        hive.listen,
        address,
        |a: &SocketAddr| { text_of(&a.to_string()) }
    ),
    field!(
        "hive.connections",
        "Connections of Hive's clients at once; more wait in the system's queue.",
        hive.connections,
        |v| size(v, 1, 100_000),
        size_of
    ),
    field!(
        "hive.idle_s",
        "Seconds after which a connection that says nothing is closed, with its sessions.",
        hive.idle_s,
        |v| seconds(v, 1.0, 7.0 * 86_400.0),
        float_of
    ),
    field!(
        "hive.operation_idle_s",
        "Seconds after which rows that no client fetches are given up and their query is ended.",
        hive.operation_idle_s,
        |v| seconds(v, 1.0, 86_400.0),
        float_of
    ),
    field!(
        "dispatch.policy",
        "solo: a car takes one rider at a time. pooled: riders may share, and a car has a route of several stops.",
        dispatch.policy,
        policy,
        |p: &DispatchPolicy| text_of(p.as_str())
    ),
    field!(
        "dispatch.seats",
        "Pooled: seats of a car that riders share at most.",
        dispatch.seats,
        |v| whole(v, 1, 60),
        integer_of
    ),
    field!(
        "dispatch.max_delay_s",
        "Pooled: seconds by which a rider who shares may arrive later than by a direct trip at once.",
        dispatch.max_delay_s,
        |v| seconds(v, 30.0, 7200.0),
        float_of
    ),
    field!(
        "dispatch.boarding_s",
        "Pooled: seconds that getting in takes.",
        dispatch.boarding_s,
        |v| seconds(v, 0.0, 600.0),
        float_of
    ),
    field!(
        "dispatch.reserve",
        "Pooled: part of the time to a stop kept in reserve; with 0.1 promises hold on roads a tenth slower than thought.",
        dispatch.reserve,
        |v| seconds(v, 0.0, 1.0),
        float_of
    ),
    field!(
        "pricing.surge",
        "Whether riders are charged surge as long as no operator says otherwise.",
        pricing.surge,
        yes_or_no,
        |on: &bool| Some(Value::Boolean(*on))
    ),
    field!(
        "pricing.surge_s",
        "Seconds between two maps of demand, free cars and multipliers; 0 for none.",
        pricing.surge_s,
        |v| seconds(v, 0.0, 150.0),
        float_of
    ),
    field!(
        "limits.body_bytes",
        "Largest JSON body, in bytes.",
        limits.body_bytes,
        |v| size(v, 1024, 64 << 20),
        size_of
    ),
    field!(
        "limits.ndjson_bytes",
        "Largest NDJSON body, in bytes.",
        limits.ndjson_bytes,
        |v| size(v, 1024, 256 << 20),
        size_of
    ),
    field!(
        "limits.frame_bytes",
        "Largest WebSocket message, in bytes.",
        limits.frame_bytes,
        |v| size(v, 1024, 16 << 20),
        size_of
    ),
    field!(
        "limits.request_timeout_s",
        "Seconds until a request must be answered.",
        limits.request_timeout_s,
        |v| seconds(v, 0.1, 600.0),
        float_of
    ),
    field!(
        "limits.connections",
        "Connections at once; more wait in the system's queue.",
        limits.connections,
        |v| size(v, 1, 1_000_000),
        size_of
    ),
    field!(
        "limits.streams",
        "Event streams and WebSockets at once.",
        limits.streams,
        |v| size(v, 1, 1_000_000),
        size_of
    ),
    field!(
        "limits.requests_per_s",
        "Requests a second and key in the long run.",
        limits.requests_per_s,
        |v| whole(v, 1, 10_000_000),
        integer_of
    ),
    field!(
        "limits.burst",
        "Requests a key may make at once after a quiet time.",
        limits.burst,
        |v| whole(v, 1, 10_000_000),
        integer_of
    ),
    field!("log.format", "pretty for people, json for machines.", log.format, format, |f: &LogFormat| text_of(
        f.as_str()
    )),
    field!("log.filter", "Levels by module, for example info,doorstep=debug.", log.filter, filter, |f: &String| {
        text_of(f)
    }),
];

fn text_of(text: &str) -> Option<Value> {
    Some(Value::String(text.to_owned()))
}

fn integer_of(number: &u32) -> Option<Value> {
    Some(Value::Integer(i64::from(*number)))
}

fn size_of(number: &usize) -> Option<Value> {
    Some(Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX)))
}

fn float_of(number: &f64) -> Option<Value> {
    Some(Value::Float(*number))
}

fn misfit(reason: impl Into<String>, fix: impl Into<String>) -> Misfit {
    Misfit { reason: reason.into(), fix: fix.into() }
}

fn text(value: &Value) -> Result<&str, Misfit> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text.trim()),
        Value::String(_) => Err(misfit("is empty", "write a value or leave the line out")),
        other => Err(misfit(format!("is {} where text is wanted", kind(other)), "put it in quotes")),
    }
}

/// A region's name as S3 clients sign it; they write it in lower case.
fn region(value: &Value) -> Result<String, Misfit> {
    let name = text(value)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err(misfit(format!("`{name}` is no region's name"), "write small letters, digits and dashes, as in us-east-1"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

fn path(value: &Value) -> Result<PathBuf, Misfit> {
    text(value).map(PathBuf::from)
}

/// A list, or text with commas as the environment has it.
fn list(value: &Value) -> Result<Vec<String>, Misfit> {
    match value {
        Value::Array(items) => items.iter().map(|item| text(item).map(str::to_owned)).collect(),
        Value::String(items) => {
            Ok(items.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }
        other => Err(misfit(format!("is {} where a list is wanted", kind(other)), "write [\"one\", \"two\"]")),
    }
}

fn paths(value: &Value) -> Result<Vec<PathBuf>, Misfit> {
    Ok(list(value)?.into_iter().map(PathBuf::from).collect())
}

fn roles(value: &Value) -> Result<Vec<Role>, Misfit> {
    let allowed = || Role::ALL.map(Role::as_str).join(", ");
    let mut roles = Vec::new();
    for name in list(value)? {
        let role = Role::parse(&name)
            .ok_or_else(|| misfit(format!("there is no role `{name}`"), format!("choose among {}", allowed())))?;
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    if roles.is_empty() {
        return Err(misfit("names no role", format!("choose among {}", allowed())));
    }
    #[cfg(feature = "lake")]
    if roles.contains(&Role::Hive) && !roles.contains(&Role::Lake) {
        return Err(misfit("names hive without lake", "add lake: HiveServer2 runs on the lake of its process"));
    }
    Ok(roles)
}

fn store(value: &Value) -> Result<Option<String>, Misfit> {
    let url = text(value)?;
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if known.iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(Some(url.to_owned()));
    }
    Err(misfit(
        format!("`{}` is no store", without_password(url)),
        "write sqlite:///absolute/path.db or postgres://user@host/database",
    ))
}

fn bytes_url(value: &Value) -> Result<String, Misfit> {
    let url = text(value)?;
    if url.starts_with("s3://") || url.starts_with("memory://") {
        return Ok(url.to_owned());
    }
    Err(misfit(
        format!("`{}` is no place for bytes", without_password(url)),
        "write s3://bucket/prefix, or leave it out for local disk",
    ))
}

/// A URL fit for printing: the password is replaced.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let Some(at) = rest[..authority_end].rfind('@') else { return url.to_owned() };
    let user = rest[..at].split(':').next().unwrap_or_default();
    let secret = if rest[..at].contains(':') { ":…" } else { "" };
    format!("{scheme}://{user}{secret}{}", &rest[at..])
}

fn address(value: &Value) -> Result<SocketAddr, Misfit> {
    let text = text(value)?;
    SocketAddr::from_str(text).map_err(|_| {
        misfit(
            format!("`{text}` is no address with a port"),
            "write 127.0.0.1:8080, or 0.0.0.0:8080 to be reached from outside",
        )
    })
}

fn origins(value: &Value) -> Result<Vec<String>, Misfit> {
    let origins = list(value)?;
    for origin in &origins {
        let plain = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"))
            .is_some_and(|host| !host.is_empty() && !host.contains('/'));
        if origin != "*" && !plain {
            return Err(misfit(
                format!("`{origin}` is no origin"),
                "write scheme, host and port without a path, like https://app.example.com, or *",
            ));
        }
    }
    Ok(origins)
}

fn number<T: FromStr + PartialOrd + Copy + std::fmt::Display>(value: &Value, least: T, most: T) -> Result<T, Misfit> {
    let written = match value {
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        other => return Err(misfit(format!("is {}", kind(other)), format!("write a number from {least} to {most}"))),
    };
    match written.parse::<T>() {
        Ok(number) if number >= least && number <= most => Ok(number),
        Ok(number) => Err(misfit(format!("{number} is out of range"), format!("choose from {least} to {most}"))),
        Err(_) => Err(misfit(format!("`{written}` does not fit"), format!("write a number from {least} to {most}"))),
    }
}

fn yes_or_no(value: &Value) -> Result<bool, Misfit> {
    match value {
        Value::Boolean(yes) => Ok(*yes),
        Value::String(text) if text.trim() == "true" => Ok(true),
        Value::String(text) if text.trim() == "false" => Ok(false),
        other => Err(misfit(format!("is {} that says neither", kind(other)), "write true or false")),
    }
}

fn whole(value: &Value, least: u32, most: u32) -> Result<u32, Misfit> {
    number(value, least, most)
}

fn size(value: &Value, least: usize, most: usize) -> Result<usize, Misfit> {
    number(value, least, most)
}

fn seconds(value: &Value, least: f64, most: f64) -> Result<f64, Misfit> {
    number(value, least, most)
}

fn policy(value: &Value) -> Result<DispatchPolicy, Misfit> {
    let word = text(value)?;
    DispatchPolicy::ALL
        .into_iter()
        .find(|policy| policy.as_str() == word)
        .ok_or_else(|| misfit(format!("there is no dispatch policy `{word}`"), "choose solo or pooled"))
}

fn format(value: &Value) -> Result<LogFormat, Misfit> {
    match text(value)? {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        other => Err(misfit(format!("there is no log format `{other}`"), "choose pretty or json")),
    }
}

fn filter(value: &Value) -> Result<String, Misfit> {
    let text = text(value)?;
    let level = |part: &str| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level).trim().to_ascii_lowercase();
        part.contains('[')
            || ["trace", "debug", "info", "warn", "error", "off"].contains(&level.as_str())
            || (!part.contains('=') && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':'))
    };
    match text.split(',').find(|part| !level(part.trim())) {
        None => Ok(text.to_owned()),
        Some(part) => Err(misfit(
            format!("`{part}` names no level"),
            "write levels like info,doorstep=debug out of trace, debug, info, warn, error, off",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_printed() {
        assert_eq!(without_password("postgres://a:b@h:5/d"), "postgres://a:…@h:5/d");
        assert_eq!(without_password("postgres://a@h/d"), "postgres://a@h/d");
        assert_eq!(without_password("sqlite:///x/y@z.db"), "sqlite:///x/y@z.db");
    }

    #[cfg(feature = "lake")]
    #[test]
    fn hive_wants_the_lake() {
        let told = |text: &str| roles(&Value::String(text.to_owned())).map_err(|misfit| misfit.fix);
        assert!(told("api,hive").is_err_and(|fix| fix.contains("add lake")));
        assert!(told("hive,lake").is_ok());
    }

    #[test]
    fn defaults_pass_their_own_checks() {
        let config = Config::default();
        let mut again = Config::default();
        for field in FIELDS {
            if let Some(value) = (field.get)(&config) {
                assert!((field.put)(&mut again, &value).is_ok(), "{}", field.name);
            }
        }
    }
}
