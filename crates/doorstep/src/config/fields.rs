//! The table of settings: one row each, in the order in which `config show` prints them.
//!
//! tidy-allow-long: the table is one list that grows by a row a setting, and is read as one.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use toml::Value;

use super::{Config, DispatchPolicy, LogFormat, PictureCache, values::*};
use crate::roles::Role;

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
    field!(
        "roles",
        "What this process does: city, lake, hive, postgres, api, objects, metrics.",
        roles,
        roles,
        |roles: &Vec<Role>| {
            Some(Value::Array(roles.iter().map(|r| Value::String(r.as_str().to_owned())).collect()))
        }
    ),
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
        "Where buckets and objects are served (S3 and UFile).",
        objects.listen,
        address,
        |a: &SocketAddr| { text_of(&a.to_string()) }
    ),
    field!(
        "objects.bytes",
        "s3://bucket/prefix or hdfs://namenode:8020/folder for objects' bytes; without it the directory `blobs` inside data.",
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
    field!(
        "objects.hosts",
        "Hosts that lead to one bucket each, for UFile's clients: img.example.com=photos.",
        objects.hosts,
        bucket_hosts,
        |all: &Vec<(String, String)>| {
            Some(Value::Array(all.iter().map(|(host, bucket)| Value::String(format!("{host}={bucket}"))).collect()))
        }
    ),
    field!(
        "objects.callback_hosts",
        "host:port of servers that are not public and still may be called back after an upload or told of a change.",
        objects.callback_hosts,
        private_hosts,
        |h: &Vec<String>| Some(Value::Array(h.iter().cloned().map(Value::String).collect()))
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
    field!(
        "objects.encryption_keys",
        "Names of keys that objects can be encrypted under (aws:kms); each is another key for each tenant, made of the node's.",
        objects.encryption_keys,
        names,
        |n: &Vec<String>| Some(Value::Array(n.iter().cloned().map(Value::String).collect()))
    ),
    field!(
        "objects.website_domains",
        "Domains under which buckets are websites, for example web.example.com for photos.web.example.com.",
        objects.website_domains,
        list,
        |d: &Vec<String>| Some(Value::Array(d.iter().cloned().map(Value::String).collect()))
    ),
    field!(
        "objects.grace_s",
        "Seconds that bytes are kept after the last object let go of them, for those who still read them.",
        objects.grace_s,
        |v| whole(v, 1, 604_800),
        integer_of
    ),
    field!(
        "objects.sweep_s",
        "Seconds between two looks for bytes that a crash left behind, and for packs with room to gain.",
        objects.sweep_s,
        |v| whole(v, 1, 604_800),
        integer_of
    ),
    field!(
        "objects.lifecycle_day_s",
        "Seconds of a day of lifecycle rules; less than 86400 only to try rules out.",
        objects.lifecycle_day_s,
        |v| whole(v, 1, 86_400),
        integer_of
    ),
    field!(
        "pictures.threads",
        "Pictures made at once, each on a thread of its own; 0 for as many as processors.",
        pictures.threads,
        |v| size(v, 0, 1024),
        size_of
    ),
    field!(
        "pictures.queue",
        "Pictures that wait for a thread; more are told to come again.",
        pictures.queue,
        |v| size(v, 0, 100_000),
        size_of
    ),
    field!(
        "pictures.wait_s",
        "Seconds that a picture waits for a thread at most.",
        pictures.wait_s,
        |v| seconds(v, 0.01, 60.0),
        float_of
    ),
    field!(
        "pictures.time_s",
        "Seconds that a picture may take.",
        pictures.time_s,
        |v| seconds(v, 0.1, 300.0),
        float_of
    ),
    field!(
        "pictures.cache",
        "Where results are kept: disk (pictures inside data), memory or off.",
        pictures.cache,
        picture_cache,
        |c: &PictureCache| text_of(c.as_str())
    ),
    field!(
        "pictures.cache_mib",
        "How many results are kept, in MiB.",
        pictures.cache_mib,
        |v| whole(v, 0, 1 << 24),
        integer_of
    ),
    field!(
        "pictures.private_hosts",
        "host:port of servers that are not public and still may give a watermark's picture.",
        pictures.private_hosts,
        private_hosts,
        |h: &Vec<String>| Some(Value::Array(h.iter().cloned().map(Value::String).collect()))
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
        "lake.history_days",
        "Days that the past of your own tables can be read (FOR SYSTEM_TIME AS OF); their old files stay as long.",
        lake.history_days,
        |v| seconds(v, 0.0, 3650.0),
        float_of
    ),
    field!(
        "lake.keep_days",
        "Days that rows of a built-in table are kept, as in [\"access_log=30\", \"quotes=forever\"]; others as their table says.",
        lake.keep_days,
        keep_days,
        |kept: &BTreeMap<String, Option<u32>>| Some(keep_days_of(kept))
    ),
    field!(
        "lake.url_mib",
        "How large a file may be that a table over a URL reads, in MiB.",
        lake.url_mib,
        |v| whole(v, 1, 1 << 20),
        integer_of
    ),
    field!(
        "lake.private_hosts",
        "host:port of servers that are not public and still may give the file of a table over a URL.",
        lake.private_hosts,
        private_hosts,
        |h: &Vec<String>| Some(Value::Array(h.iter().cloned().map(Value::String).collect()))
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
        "postgres.listen",
        "Where PostgreSQL's protocol is spoken. Loopback unless you say otherwise; it is not encrypted.",
        postgres.listen,
        address,
        |a: &SocketAddr| { text_of(&a.to_string()) }
    ),
    field!(
        "postgres.connections",
        "Connections of PostgreSQL's clients at once; one more is refused.",
        postgres.connections,
        |v| size(v, 1, 100_000),
        size_of
    ),
    field!(
        "postgres.idle_s",
        "Seconds after which a connection that says nothing is closed.",
        postgres.idle_s,
        |v| seconds(v, 1.0, 7.0 * 86_400.0),
        float_of
    ),
    field!(
        "postgres.portal_idle_s",
        "Seconds after which rows that no client fetches are given up and their query is ended.",
        postgres.portal_idle_s,
        |v| seconds(v, 1.0, 86_400.0),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "lake")]
    #[test]
    fn faces_want_the_lake() {
        let told = |text: &str| roles(&Value::String(text.to_owned())).map_err(|misfit| misfit.fix);
        assert!(told("api,hive").is_err_and(|fix| fix.contains("add lake")));
        assert!(told("api,postgres").is_err_and(|fix| fix.contains("add lake")));
        assert!(told("hive,postgres,lake").is_ok());
    }

    #[test]
    fn days_are_kept_by_table() {
        let told = |value: &Value| keep_days(value).map_err(|misfit| format!("{} {}", misfit.reason, misfit.fix));
        let text = |text: &str| Value::String(text.to_owned());
        let kept = told(&text("access_log=30, quotes=forever")).unwrap_or_default();
        assert_eq!(kept, BTreeMap::from([("access_log".to_owned(), Some(30)), ("quotes".to_owned(), None)]));
        assert_eq!(told(&keep_days_of(&kept)), Ok(kept.clone()));
        let file: toml::Table = "access_log = 30\nquotes = \"forever\"".parse().unwrap_or_default();
        assert_eq!(told(&Value::Table(file)), Ok(kept));
        assert!(
            told(&text("acess_log=30"))
                .is_err_and(|told| told.contains("no built-in table") && told.contains("access_log"))
        );
        assert!(told(&text("access_log=0")).is_err_and(|told| told.contains("1 to 36500")));
        assert!(told(&text("access_log")).is_err_and(|told| told.contains("access_log=30")));
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
