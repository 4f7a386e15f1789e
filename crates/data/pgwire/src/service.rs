//! The face as a service: it listens, serves, and goes down when it is told.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use doorstep_identity::Keys;
use doorstep_lake::LocalEngine;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

use crate::{Config, face};

/// After the system refused a connection (out of file descriptors, say).
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);
/// Connections beyond those that may be open, for as long as it takes to say so.
const SPARE: usize = 32;

/// PostgreSQL's protocol on an engine of the lake.
pub struct Service {
    shared: face::Shared,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// A service that listens.
#[derive(Debug)]
pub struct Handle {
    /// Where.
    pub at: SocketAddr,
    /// Ends when the service has gone down.
    pub task: JoinHandle<()>,
}

impl Service {
    /// Prepares the face; nothing listens yet.
    #[must_use]
    pub fn new(config: Config, keys: Keys, engine: LocalEngine) -> Self {
        Self { shared: face::Shared { config, keys, engine, cancels: face::Cancels::default() } }
    }

    /// Listens until `down` resolves. Connections that are open then end with it.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(self, down: impl Future<Output = ()> + Send + 'static) -> std::io::Result<Handle> {
        let listener = TcpListener::bind(self.shared.config.listen).await?;
        let at = listener.local_addr()?;
        let shared = Arc::new(self.shared);
        let task = tokio::spawn(listen(listener, shared, down));
        Ok(Handle { at, task })
    }
}

async fn listen(listener: TcpListener, shared: Arc<face::Shared>, down: impl Future<Output = ()> + Send) {
    let places = Arc::new(Semaphore::new(shared.config.connections));
    let mut open = tokio::task::JoinSet::new();
    let mut down = std::pin::pin!(down);
    loop {
        while open.try_join_next().is_some() {}
        // Beyond their number connections are told that there are too many, and who cancels is heard; a few at a time.
        while open.len() >= shared.config.connections + SPARE {
            open.join_next().await;
        }
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut down => break,
        };
        match accepted {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "cannot set TCP_NODELAY");
                }
                let (shared, places) = (Arc::clone(&shared), Arc::clone(&places));
                open.spawn(async move { face::serve(stream, shared, places).await });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
    open.shutdown().await;
}
