//! The role `postgres`: PostgreSQL's protocol over the lake of this process.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use doorstep_identity::Keys;
use doorstep_pgwire::Service;
use tokio::task::JoinHandle;

use super::lake::Lake;
use crate::{config, node::Shutdown};

/// The face on the lake's engine.
pub(crate) struct PostgresRole {
    listen: SocketAddr,
    service: Service,
}

/// Where it listens, and its task.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) task: JoinHandle<()>,
}

impl PostgresRole {
    pub(crate) fn create(config: &config::Postgres, keys: Keys, lake: &Lake) -> Self {
        let own = doorstep_pgwire::Config {
            listen: config.listen,
            connections: config.connections,
            idle: Duration::from_secs_f64(config.idle_s),
            portal_idle: Duration::from_secs_f64(config.portal_idle_s),
            ..doorstep_pgwire::Config::default()
        };
        Self { listen: config.listen, service: Service::new(own, keys, lake.engine.clone()) }
    }

    pub(crate) async fn start(self, shutdown: &Shutdown) -> anyhow::Result<Running> {
        let started = self.service.start(shutdown.wait()).await;
        let handle = started.with_context(|| format!("cannot listen on {} (postgres.listen)", self.listen))?;
        tracing::info!(at = %handle.at, "PostgreSQL's protocol is spoken");
        Ok(Running { at: handle.at, task: handle.task })
    }
}
