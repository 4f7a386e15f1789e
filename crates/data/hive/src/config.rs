//! How the face listens and what it lets a client have.

use std::{net::SocketAddr, time::Duration};

/// See the module's head.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Connections at once; more wait in the system's queue.
    pub connections: usize,
    /// Sessions that a connection may have open.
    pub sessions: usize,
    /// Operations that a session may have open: each holds its rows.
    pub operations: usize,
    /// Longest request, bytes.
    pub frame_bytes: usize,
    /// A connection that says nothing for this long is closed, and its sessions with it.
    pub idle: Duration,
    /// Rows that nobody fetched for this long are given up, and their query ends.
    pub operation_idle: Duration,
    /// The SASL exchange must be over by then.
    pub hello: Duration,
    /// Rows that one fetch hands out at most.
    pub fetch_rows: usize,
    /// Bytes, about, that one fetch hands out at most.
    pub fetch_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 10_000)),
            connections: 256,
            sessions: 16,
            operations: 64,
            frame_bytes: 4 << 20,
            idle: Duration::from_secs(3600),
            operation_idle: Duration::from_secs(300),
            hello: Duration::from_secs(20),
            fetch_rows: 50_000,
            fetch_bytes: 8 << 20,
        }
    }
}
