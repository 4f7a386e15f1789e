//! The server under load: a city made from the demo's tables, a fresh store, free ports.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use doorstep_bench::peers::{Running, await_ready, cluster::Cluster};
use doorstep_geo::Point;

use crate::wire::Door;

/// The city's id in the API.
pub(crate) const CITY: &str = "manhattan";

/// Where orders are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StoreKind {
    Sqlite,
    Postgres,
}

impl StoreKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A running server; it and its database go with the handle.
pub(crate) struct Server {
    running: Running,
    pub(crate) door: Door,
    _cluster: Option<Cluster>,
}

impl Server {
    /// Starts `doorstep up` with everything durable in `dir`.
    pub(crate) fn start(binary: &Path, city: &Path, dir: &Path, store: StoreKind) -> Result<Self> {
        fs::create_dir_all(dir)?;
        // Commits reach the disk before they are acknowledged: PostgreSQL's own default.
        let cluster = match store {
            StoreKind::Sqlite => None,
            StoreKind::Postgres => Some(Cluster::start(dir, &[])?),
        };
        let ready_file = dir.join("ready.json");
        let mut command = Command::new(binary);
        command.arg("up").arg("--ephemeral").arg("--ready-file").arg(&ready_file);
        command.arg("--data").arg(dir.join("data")).arg("--city").arg(city).args(["--log", "warn"]);
        if let Some(cluster) = &cluster {
            command.arg("--store").arg(cluster.url());
        }
        // The limit per key is for strangers; here one key plays everybody.
        command.env("DOORSTEP_LIMITS_REQUESTS_PER_S", "1000000").env("DOORSTEP_LIMITS_BURST", "1000000");
        let log = fs::File::create(dir.join("server.log"))?;
        let running = Running::start(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log))
            .with_context(|| format!("starting {}", binary.display()))?;
        let ready: serde_json::Value = await_ready("doorstep", || Ok(serde_json::from_slice(&fs::read(&ready_file)?)?))
            .with_context(|| fs::read_to_string(dir.join("server.log")).unwrap_or_default())?;
        let text = |at: &str| {
            ready.pointer(at).and_then(serde_json::Value::as_str).with_context(|| format!("no {at} in the ready file"))
        };
        let bearer = format!("{}:{}", text("/admin_key/access")?, text("/admin_key/secret")?);
        let door = Door { address: text("/api")?.to_owned(), bearer };
        Ok(Self { running, door, _cluster: cluster })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }
}

/// Makes the city from the tables the demo ships with.
pub(crate) fn import(binary: &Path, dir: &Path) -> Result<PathBuf> {
    let (tables, city) = (tables(), dir.join(CITY));
    let output = Command::new(binary)
        .args(["city", "import", "--id", CITY, "--nodes"])
        .arg(tables.join("road_nodes.csv.gz"))
        .arg("--edges")
        .arg(tables.join("road_edges.csv.gz"))
        .arg("--out")
        .arg(&city)
        .output()
        .with_context(|| format!("starting {}", binary.display()))?;
    ensure!(output.status.success(), "city import: {}", String::from_utf8_lossy(&output.stderr));
    Ok(city)
}

/// The city's street corners.
pub(crate) fn corners() -> Result<Vec<Point>> {
    let file = fs::File::open(tables().join("road_nodes.csv.gz"))?;
    let mut reader = csv::Reader::from_reader(flate2::read::MultiGzDecoder::new(file));
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|h| h == name).with_context(|| format!("no column {name}"));
    let (lat, lon) = (column("lat")?, column("lon")?);
    reader
        .records()
        .map(|record| {
            let record = record?;
            Ok(Point::new(record[lat].parse()?, record[lon].parse()?)?)
        })
        .collect()
}

fn tables() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/manhattan")
}
