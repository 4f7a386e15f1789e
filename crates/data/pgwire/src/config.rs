//! How the face listens and what it lets a client have.

use std::{net::SocketAddr, time::Duration};

/// See the module's head.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Connections at once; more wait in the system's queue.
    pub connections: usize,
    /// Longest message, bytes.
    pub message_bytes: usize,
    /// Prepared statements, and likewise portals, that a connection may have.
    pub statements: usize,
    /// A connection that says nothing for this long is closed.
    pub idle: Duration,
    /// Rows that nobody fetched for this long are given up, and their query ends.
    pub portal_idle: Duration,
    /// A client must have said who it is by then.
    pub hello: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 5433)),
            connections: 256,
            message_bytes: 4 << 20,
            statements: 1_000,
            idle: Duration::from_secs(3600),
            portal_idle: Duration::from_secs(300),
            hello: Duration::from_secs(20),
        }
    }
}
