//! PostGIS: a private cluster with one unlogged table, an index, and nothing that waits for a disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use doorstep_geo::Point;
use postgres::{Client, NoTls, Statement};

use super::{Running, await_ready, free_port};

const BIN: &str = "/usr/lib/postgresql/15/bin";

/// A cluster of our own and one connection to it.
pub struct PostGis {
    /// Keeps the server alive; it is stopped with the cluster's own signal first.
    _server: Running,
    postmaster: u32,
    client: Option<Client>,
    update: Statement,
    nearest: Statement,
}

impl PostGis {
    /// Makes a cluster in `dir` and starts it as the system user `postgres`, since the server refuses
    /// to run as root.
    ///
    /// # Errors
    /// Where PostgreSQL 15 with PostGIS is missing or does not answer.
    pub fn start(dir: &Path) -> Result<Self> {
        let port = free_port()?;
        let data = dir.join("postgres");
        fs::create_dir(&data)?;
        // The server's user has to pass through the temporary directory to its own.
        fs::set_permissions(dir, fs::Permissions::from_mode(0o711))?;
        run(Command::new("chown").arg("postgres").arg(&data))?;
        run(as_postgres("initdb").args(["-A", "trust", "-U", "postgres", "-D"]).arg(&data))?;
        let server = Running::start(
            as_postgres("postgres")
                .arg("-D")
                .arg(&data)
                .args(["-p", &port.to_string(), "-k", ""])
                .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "synchronous_commit=off"])
                .args(["-c", "full_page_writes=off", "-c", "shared_buffers=512MB", "-c", "jit=off"])
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )
        .context("starting postgres")?;
        let url = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
        let mut client = await_ready("postgres", || Ok(Client::connect(&url, NoTls)?))?;
        client.batch_execute(
            "CREATE EXTENSION postgis;
             CREATE UNLOGGED TABLE drivers (id text PRIMARY KEY, at geography(Point, 4326) NOT NULL)
                 WITH (fillfactor = 50);
             CREATE INDEX drivers_at ON drivers USING gist (at);",
        )?;
        let update = client.prepare(
            "INSERT INTO drivers (id, at)
             SELECT id, ST_MakePoint(lon, lat)::geography FROM unnest($1::text[], $2::float8[], $3::float8[]) AS r (id, lon, lat)
             ON CONFLICT (id) DO UPDATE SET at = excluded.at",
        )?;
        let nearest = client.prepare(
            "SELECT id, at <-> ST_MakePoint($1, $2)::geography AS metres FROM drivers
             ORDER BY at <-> ST_MakePoint($1, $2)::geography LIMIT $3",
        )?;
        let postmaster = postmaster(&data)?;
        Ok(Self { _server: server, postmaster, client: Some(client), update, nearest })
    }

    /// The process all others of the server descend from.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.postmaster
    }

    /// Writes all reports with one statement.
    ///
    /// # Errors
    /// Where the server refuses or goes away.
    pub fn update(&mut self, reports: &[(&str, Point)]) -> Result<()> {
        let ids: Vec<&str> = reports.iter().map(|(id, _)| *id).collect();
        let lons: Vec<f64> = reports.iter().map(|(_, at)| at.lon()).collect();
        let lats: Vec<f64> = reports.iter().map(|(_, at)| at.lat()).collect();
        let client = self.client.as_mut().context("invariant: connected until dropped")?;
        client.execute(&self.update, &[&ids, &lons, &lats])?;
        Ok(())
    }

    /// The `k` nearest by the index's own order, with metres.
    ///
    /// # Errors
    /// Where the server refuses or goes away.
    pub fn nearest(&mut self, at: Point, k: usize) -> Result<Vec<(String, f64)>> {
        let client = self.client.as_mut().context("invariant: connected until dropped")?;
        let rows = client.query(&self.nearest, &[&at.lon(), &at.lat(), &(k as i64)])?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Brings the planner's statistics up to date, as the server's own housekeeping would in time.
    ///
    /// # Errors
    /// Where the server refuses or goes away.
    pub fn vacuum(&mut self) -> Result<()> {
        let client = self.client.as_mut().context("invariant: connected until dropped")?;
        Ok(client.batch_execute("VACUUM ANALYZE drivers")?)
    }
}

impl Drop for PostGis {
    fn drop(&mut self) {
        self.client.take();
        // SIGINT: end all sessions and stop; what is left is ended by `Running`.
        let _ = Command::new("kill").args(["-INT", &self.postmaster.to_string()]).status();
        for _ in 0..50 {
            if !Path::new(&format!("/proc/{}", self.postmaster)).exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}

fn as_postgres(program: &str) -> Command {
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(PathBuf::from(BIN).join(program));
    command.current_dir("/");
    command
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn postmaster(data: &Path) -> Result<u32> {
    let text = fs::read_to_string(data.join("postmaster.pid"))?;
    Ok(text.lines().next().context("an empty postmaster.pid")?.trim().parse()?)
}
