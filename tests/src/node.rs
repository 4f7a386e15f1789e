//! One running `doorstep up`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{Client, places};

/// A running node; killed when dropped.
#[derive(Debug)]
pub struct Node {
    child: Child,
    /// What the ready file said.
    pub ready: Value,
    log: PathBuf,
}

impl Node {
    /// Starts `doorstep up --data DATA --ephemeral --ready-file … ARGS` and waits until all is ready.
    ///
    /// # Errors
    /// When it does not get ready within a minute; the end of its log is in the error.
    pub async fn start(data: &Path, args: &[&str]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(data)?;
        let (ready_file, log) = (data.join("ready.json"), data.join("node.log"));
        let _ = std::fs::remove_file(&ready_file);
        let out = std::fs::OpenOptions::new().create(true).append(true).open(&log)?;
        let child = Command::new(places::binary())
            .arg("up")
            .arg("--data")
            .arg(data)
            .args(["--ephemeral", "--ready-file"])
            .arg(&ready_file)
            .args(args)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .context("the binary could not be started")?;
        let mut node = Self { child, ready: Value::Null, log };
        let until = Instant::now() + Duration::from_secs(60);
        while !ready_file.exists() {
            if let Some(status) = node.child.try_wait()? {
                anyhow::bail!("ended with {status} before it was ready:\n{}", node.log_end());
            }
            ensure!(Instant::now() < until, "not ready within a minute:\n{}", node.log_end());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        node.ready = serde_json::from_slice(&std::fs::read(&ready_file)?).context("the ready file")?;
        Ok(node)
    }

    /// A client with the admin key of the ready file.
    ///
    /// # Errors
    /// When the ready file lacks the key.
    pub fn client(&self) -> anyhow::Result<Client> {
        let text = |at: &str| {
            self.ready.pointer(at).and_then(Value::as_str).with_context(|| format!("{at} in {}", self.ready))
        };
        Client::new(&format!("http://{}", text("/api")?), text("/admin_key/access")?, text("/admin_key/secret")?)
    }

    /// `kill -9`: no word of farewell.
    ///
    /// # Errors
    /// When there is nothing to kill.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().context("SIGKILL")?;
        self.child.wait().context("the killed process")?;
        Ok(())
    }

    /// Asks it to stop (SIGTERM) and waits for its exit code.
    ///
    /// # Errors
    /// When it does not stop within half a minute.
    pub async fn stop(&mut self) -> anyhow::Result<Option<i32>> {
        let done = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(done.success(), "kill");
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code());
            }
            ensure!(Instant::now() < until, "still running half a minute after SIGTERM:\n{}", self.log_end());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_end(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(25).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
