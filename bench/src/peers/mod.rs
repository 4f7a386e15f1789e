//! The peers, started by the bench itself in a temporary directory, on 127.0.0.1, and stopped by it.

pub mod cluster;
pub mod postgis;
pub mod redis;

use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Result, bail};

/// A port nobody listens on at the moment.
///
/// # Errors
/// Where the machine has none left.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A child process that does not outlive its handle.
pub struct Running(Child);

impl Running {
    /// Starts the command.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(command.spawn()?))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tries for up to ten seconds until something answers.
///
/// # Errors
/// The last error, where nothing does.
pub fn await_ready<T>(what: &str, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 0..100 {
        if let Ok(ready) = attempt() {
            return Ok(ready);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    match attempt() {
        Ok(ready) => Ok(ready),
        Err(error) => bail!("{what} did not get ready: {error:#}"),
    }
}
