//! What a process is told: one TOML file, laid over the defaults, under the environment and the command line.
//!
//! Every setting is one row of [`fields`]: its name in the file, its environment variable, what it is
//! for, how it is read and what is wrong with a bad value. Loading never stops at the first mistake.

mod error;
mod fields;
mod load;
mod show;
mod values;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use doorstep_clock::Timestamp;

pub use error::{ConfigError, Mistake};
pub use load::{Loaded, Loader, Source};

use crate::roles::Role;

/// Everything a process can be told, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// What this process does.
    pub roles: Vec<Role>,
    /// Where everything durable lives that has no address of its own.
    pub data: PathBuf,
    /// `sqlite:///path`, `sqlite::memory:` or `postgres://…`; without it a SQLite file inside `data`.
    pub store: Option<String>,
    /// Directories made by `doorstep city import`.
    pub cities: Vec<PathBuf>,
    /// The HTTP API and the console.
    pub api: Api,
    /// Buckets and objects.
    pub objects: Objects,
    /// Pictures made of objects.
    pub pictures: Pictures,
    /// The Prometheus page.
    pub metrics: Metrics,
    /// Event streams on disk.
    pub journal: Journal,
    /// How a live city decides.
    pub dispatch: Dispatch,
    /// Tables and statements over them.
    pub lake: Lake,
    /// HiveServer2.
    pub hive: Hive,
    /// PostgreSQL's protocol.
    pub postgres: Postgres,
    /// How a live city's prices move.
    pub pricing: Pricing,
    /// What keeps one caller from taking everything.
    pub limits: Limits,
    /// What is written to standard error.
    pub log: Log,
    /// Set by `--demo` alone: the cities run on a clock that can be sped up and paused.
    pub demo_clock: Option<DemoClock>,
}

/// Where the HTTP API listens and who may call it from a browser.
#[derive(Clone, Debug)]
pub struct Api {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Browser origins that may call the API, beside the console itself; `*` for all.
    pub cors_origins: Vec<String>,
}

/// Where objects are served and their bytes kept.
#[derive(Clone, Debug)]
pub struct Objects {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
    /// `s3://bucket/prefix` or `hdfs://namenode:8020/folder`; without it `blobs` inside `data`.
    pub bytes: Option<String>,
    /// Domains under which buckets are hosts.
    pub domains: Vec<String>,
    /// Hosts that lead to one bucket each, for UFile's clients: host and bucket.
    pub hosts: Vec<(String, String)>,
    /// `host:port` of servers that are not public and still may be called back after an upload or told of a change.
    pub callback_hosts: Vec<String>,
    /// The region that S3 clients sign for.
    pub region: String,
    /// Requests at once.
    pub requests: usize,
    /// Connections at once.
    pub connections: usize,
    /// The file with the key that seals access keys' secrets and objects' keys; without it `node.key` inside
    /// `data`.
    pub key_file: Option<PathBuf>,
    /// Names of keys that objects can be encrypted under.
    pub encryption_keys: Vec<String>,
    /// Domains under which buckets are websites.
    pub website_domains: Vec<String>,
    /// Seconds that bytes are kept after nothing refers to them.
    pub grace_s: u32,
    /// Seconds between two looks for files that nothing refers to.
    pub sweep_s: u32,
    /// Seconds of a day of lifecycle rules.
    pub lifecycle_day_s: u32,
}

/// How pictures are made of objects, and where they are kept.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Pictures made at once, each on a thread of its own; 0 for as many as processors.
    pub threads: usize,
    /// Pictures that wait; more are told to come again.
    pub queue: usize,
    /// Seconds that one waits at most.
    pub wait_s: f64,
    /// Seconds that one may take.
    pub time_s: f64,
    /// Where results are kept.
    pub cache: PictureCache,
    /// How much of them, in MiB.
    pub cache_mib: u32,
    /// `host:port` of servers that are not public and still may give a watermark's picture.
    pub private_hosts: Vec<String>,
}

/// Where results are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureCache {
    /// Nowhere.
    Off,
    /// In memory.
    Memory,
    /// In files below `pictures` inside the data directory.
    Disk,
}

impl PictureCache {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Memory, Self::Disk];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }
}

/// Where the metrics are shown.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
}

/// Where event streams are kept and for how long.
#[derive(Clone, Debug)]
pub struct Journal {
    /// Directory; without it `journal` inside `data`.
    pub dir: Option<PathBuf>,
    /// Size of one file, in MiB.
    pub segment_mib: u32,
    /// Old files are removed when a stream is larger, in MiB.
    pub keep_mib: u32,
    /// Old files are removed when they are older, in hours.
    pub keep_hours: u32,
}

/// How a live city decides.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Seconds between two decisions.
    pub batch_s: f64,
    /// Seconds after which a waiting request is given up.
    pub max_wait_s: f64,
    /// Seconds a driver has to answer an offer.
    pub offer_s: f64,
    /// Seconds without a position after which a driver counts as gone.
    pub heartbeat_s: f64,
    /// Seconds between two decisions on where idle drivers had best wait; 0 for none.
    pub rebalance_s: f64,
    /// One rider a car, or several.
    pub policy: DispatchPolicy,
    /// Seats of a car that riders share at most.
    pub seats: u32,
    /// Seconds by which a rider who shares may arrive later than by a direct trip at once.
    pub max_delay_s: f64,
    /// Seconds that getting in takes.
    pub boarding_s: f64,
    /// Part of the time to a stop that is kept in reserve when rides are shared.
    pub reserve: f64,
}

/// What a car is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DispatchPolicy {
    /// One rider at a time, and one to follow.
    Solo,
    /// A route with several riders.
    Pooled,
}

impl DispatchPolicy {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Solo, Self::Pooled];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Solo => "solo",
            Self::Pooled => "pooled",
        }
    }
}

/// How a live city's prices move. The prices themselves are the city's: `tariff.toml` and `surge.toml` beside its roads.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// Whether riders are charged surge as long as no operator says otherwise.
    pub surge: bool,
    /// Seconds between two maps of demand, cars and multipliers; 0 for none.
    pub surge_s: f64,
}

/// Tables and statements over them.
#[derive(Clone, Debug)]
pub struct Lake {
    /// Directory of the data files; without it `lake` inside `data`.
    pub dir: Option<PathBuf>,
    /// Where Arrow Flight SQL listens; port 0 picks a free one.
    pub flight_listen: SocketAddr,
    /// Statements that run at once; others wait.
    pub queries: usize,
    /// Memory of one statement, in MiB; more is spilled to disk.
    pub query_mib: u32,
    /// Seconds after which a statement is ended.
    pub query_timeout_s: f64,
    /// Seconds after which rows go from memory into a file; they are seen at once in any case.
    pub flush_s: f64,
    /// Days that the past of a table of one's own can be read: `FOR SYSTEM_TIME AS OF`.
    pub history_days: f64,
    /// Days that rows of built-in tables are kept, by table, in place of the tables' own; `None` for ever.
    pub keep_days: BTreeMap<String, Option<u32>>,
    /// MiB of a file that a table over an address may have.
    pub url_mib: u32,
    /// `host:port` of servers that are not public and still may give tables.
    pub private_hosts: Vec<String>,
}

/// Where PostgreSQL's clients are served.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// Where the protocol is spoken; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Connections at once.
    pub connections: usize,
    /// Seconds after which a connection that says nothing is closed.
    pub idle_s: f64,
    /// Seconds after which rows that nobody fetches are given up.
    pub portal_idle_s: f64,
}

/// Where Hive's clients are served.
#[derive(Clone, Debug)]
pub struct Hive {
    /// Where HiveServer2 listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Connections at once.
    pub connections: usize,
    /// Seconds after which a connection that says nothing is closed.
    pub idle_s: f64,
    /// Seconds after which rows that nobody fetches are given up.
    pub operation_idle_s: f64,
}

/// What keeps one caller from taking everything.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest JSON body, in bytes.
    pub body_bytes: usize,
    /// Largest NDJSON body, in bytes.
    pub ndjson_bytes: usize,
    /// Largest WebSocket message, in bytes.
    pub frame_bytes: usize,
    /// Seconds until a request must have its answer's head.
    pub request_timeout_s: f64,
    /// Connections at once.
    pub connections: usize,
    /// Streams (server-sent events, WebSockets) at once.
    pub streams: usize,
    /// Requests a second and key, in the long run.
    pub requests_per_s: u32,
    /// Requests a key may make at once after a quiet time.
    pub burst: u32,
}

/// What is written to standard error.
#[derive(Clone, Debug)]
pub struct Log {
    /// `pretty` for people, `json` for machines.
    pub format: LogFormat,
    /// Levels by module, for example `info,doorstep=debug`.
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The stable string form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        }
    }
}

/// City time of the demo: where it starts and how fast it runs at first.
#[derive(Clone, Copy, Debug)]
pub struct DemoClock {
    /// City time at the start of the process.
    pub start: Timestamp,
    /// City seconds a real second.
    pub speed: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            roles: Role::ALL.to_vec(),
            data: PathBuf::from("data"),
            store: None,
            cities: Vec::new(),
            api: Api { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), cors_origins: Vec::new() },
            objects: Objects {
                listen: SocketAddr::from(([127, 0, 0, 1], 9000)),
                bytes: None,
                domains: vec!["localhost".to_owned()],
                hosts: Vec::new(),
                callback_hosts: Vec::new(),
                region: "us-east-1".to_owned(),
                requests: 1024,
                connections: 4096,
                key_file: None,
                encryption_keys: Vec::new(),
                website_domains: vec!["website.localhost".to_owned()],
                grace_s: 900,
                sweep_s: 3600,
                lifecycle_day_s: 86_400,
            },
            pictures: Pictures {
                threads: 0,
                queue: 32,
                wait_s: 2.0,
                time_s: 20.0,
                cache: PictureCache::Disk,
                cache_mib: 1024,
                private_hosts: Vec::new(),
            },
            metrics: Metrics { listen: SocketAddr::from(([127, 0, 0, 1], 9090)) },
            journal: Journal { dir: None, segment_mib: 64, keep_mib: 4096, keep_hours: 24 * 30 },
            dispatch: Dispatch {
                batch_s: 5.0,
                max_wait_s: 300.0,
                offer_s: 15.0,
                heartbeat_s: 30.0,
                rebalance_s: 30.0,
                policy: DispatchPolicy::Solo,
                seats: 4,
                max_delay_s: 600.0,
                boarding_s: 15.0,
                reserve: 0.1,
            },
            pricing: Pricing { surge: false, surge_s: 10.0 },
            lake: Lake {
                dir: None,
                flight_listen: SocketAddr::from(([127, 0, 0, 1], 50051)),
                queries: 4,
                query_mib: 1024,
                query_timeout_s: 600.0,
                flush_s: 30.0,
                history_days: 7.0,
                keep_days: BTreeMap::new(),
                url_mib: 1024,
                private_hosts: Vec::new(),
            },
            hive: Hive {
                listen: SocketAddr::from(([127, 0, 0, 1], 10_000)),
                connections: 256,
                idle_s: 3600.0,
                operation_idle_s: 300.0,
            },
            postgres: Postgres {
                listen: SocketAddr::from(([127, 0, 0, 1], 5433)),
                connections: 256,
                idle_s: 3600.0,
                portal_idle_s: 300.0,
            },
            limits: Limits {
                body_bytes: 1 << 20,
                ndjson_bytes: 8 << 20,
                frame_bytes: 1 << 20,
                request_timeout_s: 30.0,
                connections: 4096,
                streams: 1024,
                requests_per_s: 2000,
                burst: 4000,
            },
            log: Log { format: LogFormat::Pretty, filter: "info".to_owned() },
            demo_clock: None,
        }
    }
}

impl Config {
    /// The store's URL, derived from the data directory when none is named.
    #[must_use]
    pub fn store_url(&self) -> String {
        match &self.store {
            Some(url) => url.clone(),
            None => {
                let data = std::path::absolute(&self.data).unwrap_or_else(|_| self.data.clone());
                format!("sqlite://{}", data.join("doorstep.db").display())
            }
        }
    }

    /// Where the journal's files are.
    #[must_use]
    pub fn journal_dir(&self) -> PathBuf {
        self.journal.dir.clone().unwrap_or_else(|| self.data.join("journal"))
    }

    /// Where the lake's data files are.
    #[must_use]
    pub fn lake_dir(&self) -> PathBuf {
        self.lake.dir.clone().unwrap_or_else(|| self.data.join("lake"))
    }

    /// The file with the key that seals access keys' secrets.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.objects.key_file.clone().unwrap_or_else(|| self.data.join("node.key"))
    }

    /// Whether this process has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
