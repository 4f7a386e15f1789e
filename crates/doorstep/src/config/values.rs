//! How values of settings are read and written, and what is wrong with a bad one.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, str::FromStr};

use doorstep_objects::BucketName;
use toml::Value;

use super::{DispatchPolicy, LogFormat, PictureCache};
use crate::{facts::tables::TABLES, roles::Role};

/// A value that does not fit: why, and what would.
pub(super) struct Misfit {
    pub(super) reason: String,
    pub(super) fix: String,
}

pub(super) fn text_of(text: &str) -> Option<Value> {
    Some(Value::String(text.to_owned()))
}

pub(super) fn integer_of(number: &u32) -> Option<Value> {
    Some(Value::Integer(i64::from(*number)))
}

pub(super) fn size_of(number: &usize) -> Option<Value> {
    Some(Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX)))
}

pub(super) fn float_of(number: &f64) -> Option<Value> {
    Some(Value::Float(*number))
}

pub(super) fn misfit(reason: impl Into<String>, fix: impl Into<String>) -> Misfit {
    Misfit { reason: reason.into(), fix: fix.into() }
}

pub(super) fn text(value: &Value) -> Result<&str, Misfit> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text.trim()),
        Value::String(_) => Err(misfit("is empty", "write a value or leave the line out")),
        other => Err(misfit(format!("is {} where text is wanted", kind(other)), "put it in quotes")),
    }
}

/// A region's name as S3 clients sign it; they write it in lower case.
pub(super) fn region(value: &Value) -> Result<String, Misfit> {
    let name = text(value)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err(misfit(format!("`{name}` is no region's name"), "write small letters, digits and dashes, as in us-east-1"))
}

pub(super) fn kind(value: &Value) -> &'static str {
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

pub(super) fn path(value: &Value) -> Result<PathBuf, Misfit> {
    text(value).map(PathBuf::from)
}

/// A list, or text with commas as the environment has it.
pub(super) fn list(value: &Value) -> Result<Vec<String>, Misfit> {
    match value {
        Value::Array(items) => items.iter().map(|item| text(item).map(str::to_owned)).collect(),
        Value::String(items) => {
            Ok(items.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }
        other => Err(misfit(format!("is {} where a list is wanted", kind(other)), "write [\"one\", \"two\"]")),
    }
}

pub(super) fn names(value: &Value) -> Result<Vec<String>, Misfit> {
    let good = |name: &String| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"-_./:".contains(&b);
        (1..=128).contains(&name.len()) && name.bytes().all(known)
    };
    let all = list(value)?;
    match all.iter().find(|name| !good(name)) {
        Some(bad) => Err(misfit(format!("`{bad}` is no name of a key"), "write 1 to 128 letters, digits and -_./:")),
        None => Ok(all),
    }
}

pub(super) fn paths(value: &Value) -> Result<Vec<PathBuf>, Misfit> {
    Ok(list(value)?.into_iter().map(PathBuf::from).collect())
}

pub(super) fn roles(value: &Value) -> Result<Vec<Role>, Misfit> {
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
    #[cfg(feature = "lake")]
    if roles.contains(&Role::Postgres) && !roles.contains(&Role::Lake) {
        return Err(misfit("names postgres without lake", "add lake: this face is one of the lake of its process"));
    }
    Ok(roles)
}

pub(super) fn store(value: &Value) -> Result<Option<String>, Misfit> {
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

pub(super) fn bytes_url(value: &Value) -> Result<String, Misfit> {
    let url = text(value)?;
    if ["s3://", "hdfs://", "memory://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(url.to_owned());
    }
    Err(misfit(
        format!("`{}` is no place for bytes", without_password(url)),
        "write s3://bucket/prefix or hdfs://namenode:8020/folder, or leave it out for local disk",
    ))
}

/// A URL fit for printing: the password is replaced.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let Some(at) = rest[..authority_end].rfind('@') else { return url.to_owned() };
    let user = rest[..at].split(':').next().unwrap_or_default();
    let secret = if rest[..at].contains(':') { ":…" } else { "" };
    format!("{scheme}://{user}{secret}{}", &rest[at..])
}

pub(super) fn address(value: &Value) -> Result<SocketAddr, Misfit> {
    let text = text(value)?;
    SocketAddr::from_str(text).map_err(|_| {
        misfit(
            format!("`{text}` is no address with a port"),
            "write 127.0.0.1:8080, or 0.0.0.0:8080 to be reached from outside",
        )
    })
}

pub(super) fn origins(value: &Value) -> Result<Vec<String>, Misfit> {
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

pub(super) fn number<T: FromStr + PartialOrd + Copy + std::fmt::Display>(
    value: &Value,
    least: T,
    most: T,
) -> Result<T, Misfit> {
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

pub(super) fn yes_or_no(value: &Value) -> Result<bool, Misfit> {
    match value {
        Value::Boolean(yes) => Ok(*yes),
        Value::String(text) if text.trim() == "true" => Ok(true),
        Value::String(text) if text.trim() == "false" => Ok(false),
        other => Err(misfit(format!("is {} that says neither", kind(other)), "write true or false")),
    }
}

pub(super) fn whole(value: &Value, least: u32, most: u32) -> Result<u32, Misfit> {
    number(value, least, most)
}

pub(super) fn size(value: &Value, least: usize, most: usize) -> Result<usize, Misfit> {
    number(value, least, most)
}

pub(super) fn seconds(value: &Value, least: f64, most: f64) -> Result<f64, Misfit> {
    number(value, least, most)
}

pub(super) fn policy(value: &Value) -> Result<DispatchPolicy, Misfit> {
    let word = text(value)?;
    DispatchPolicy::ALL
        .into_iter()
        .find(|policy| policy.as_str() == word)
        .ok_or_else(|| misfit(format!("there is no dispatch policy `{word}`"), "choose solo or pooled"))
}

pub(super) fn picture_cache(value: &Value) -> Result<PictureCache, Misfit> {
    let word = text(value)?;
    let known = PictureCache::ALL.into_iter().find(|place| place.as_str() == word);
    known.ok_or_else(|| misfit(format!("`{word}` is no place for results"), "choose disk, memory or off"))
}

/// Hosts and the bucket of each; a host has no port.
pub(super) fn bucket_hosts(value: &Value) -> Result<Vec<(String, String)>, Misfit> {
    let one = |item: String| {
        let pair = item.split_once('=').map(|(host, bucket)| (host.trim().to_ascii_lowercase(), bucket.trim()));
        match pair {
            Some((host, bucket)) if !host.is_empty() && !host.contains([':', '/']) && BucketName::is_valid(bucket) => {
                Ok((host, bucket.to_owned()))
            }
            _ => Err(misfit(format!("`{item}` is no host and bucket"), "write img.example.com=photos, without a port")),
        }
    };
    list(value)?.into_iter().map(one).collect()
}

pub(super) fn private_hosts(value: &Value) -> Result<Vec<String>, Misfit> {
    let hosts = list(value)?;
    let named = |host: &&String| {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        !name.is_empty() && !name.contains('/') && port.parse::<u16>().is_ok()
    };
    match hosts.iter().find(|host| !named(host)) {
        None => Ok(hosts),
        Some(bad) => Err(misfit(format!("`{bad}` is no host with a port"), "write assets.internal:80")),
    }
}

/// Text for a table whose rows are never deleted.
const FOREVER: &str = "forever";

/// A list of `table=days`, or a table of the file with a line for each.
pub(super) fn keep_days(value: &Value) -> Result<BTreeMap<String, Option<u32>>, Misfit> {
    let pairs = match value {
        Value::Table(kept) => kept.iter().map(|(table, days)| (table.clone(), plain(days))).collect(),
        other => list(other)?
            .into_iter()
            .map(|pair| match pair.split_once('=') {
                Some((table, days)) => Ok((table.trim().to_owned(), days.trim().to_owned())),
                None => Err(misfit(format!("`{pair}` is no table with its days"), "write access_log=30")),
            })
            .collect::<Result<Vec<_>, _>>()?,
    };
    pairs.into_iter().map(|(table, days)| kept(table, &days)).collect()
}

fn kept(table: String, days: &str) -> Result<(String, Option<u32>), Misfit> {
    let known: Vec<&str> = TABLES.iter().map(|spec| spec.name).collect();
    if !known.contains(&table.as_str()) {
        return Err(misfit(
            format!("`{table}` is no built-in table that keeps rows"),
            format!("choose among {}", known.join(", ")),
        ));
    }
    match days.parse() {
        _ if days == FOREVER => Ok((table, None)),
        Ok(days @ 1..=36_500) => Ok((table, Some(days))),
        _ => {
            Err(misfit(format!("`{days}` is no number of days for {table}"), format!("write 1 to 36500, or {FOREVER}")))
        }
    }
}

/// A number or a text of the file, as text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn keep_days_of(kept: &BTreeMap<String, Option<u32>>) -> Value {
    let pair = |(table, days): (&String, &Option<u32>)| {
        Value::String(format!("{table}={}", days.map_or_else(|| FOREVER.to_owned(), |days| days.to_string())))
    };
    Value::Array(kept.iter().map(pair).collect())
}

pub(super) fn format(value: &Value) -> Result<LogFormat, Misfit> {
    match text(value)? {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        other => Err(misfit(format!("there is no log format `{other}`"), "choose pretty or json")),
    }
}

pub(super) fn filter(value: &Value) -> Result<String, Misfit> {
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
}
