//! A private PostgreSQL 15 cluster.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use postgres::{Client, NoTls};

use super::{Running, await_ready, free_port};

const BIN: &str = "/usr/lib/postgresql/15/bin";

/// A running cluster of our own; stopped when dropped.
pub struct Cluster {
    /// Ends what is left when the cluster's own signal did not.
    _server: Running,
    postmaster: u32,
    port: u16,
}

impl Cluster {
    /// Makes a cluster in `dir` and starts it with these settings (`name=value`), as the system user
    /// `postgres`, since the server refuses to run as root.
    ///
    /// # Errors
    /// Where PostgreSQL 15 is missing or does not answer.
    pub fn start(dir: &Path, settings: &[&str]) -> Result<Self> {
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
                .args(["-p", &port.to_string(), "-k", "", "-c", "listen_addresses=127.0.0.1"])
                .args(settings.iter().flat_map(|setting| ["-c", setting]))
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )
        .context("starting postgres")?;
        await_ready("postgres", || Ok(Client::connect(&params(port), NoTls)?))?;
        Ok(Self { _server: server, postmaster: postmaster(&data)?, port })
    }

    /// A connection to its database.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn connect(&self) -> Result<Client> {
        Ok(Client::connect(&params(self.port), NoTls)?)
    }

    /// The address of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The process all others of the server descend from.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.postmaster
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT: end all sessions and stop.
        let _ = Command::new("kill").args(["-INT", &self.postmaster.to_string()]).status();
        for _ in 0..50 {
            if !Path::new(&format!("/proc/{}", self.postmaster)).exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn params(port: u16) -> String {
    format!("host=127.0.0.1 port={port} user=postgres dbname=postgres")
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
