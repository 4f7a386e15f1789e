//! The role `hive`: HiveServer2 over the lake of this process.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use doorstep_hive::Service;
use doorstep_identity::Keys;
use tokio::task::JoinHandle;

use super::lake::Lake;
use crate::{config, node::Shutdown};

/// The face on the lake's engine.
pub(crate) struct HiveRole {
    listen: SocketAddr,
    service: Service,
}

/// Where it listens, and its task.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) task: JoinHandle<()>,
}

impl HiveRole {
    pub(crate) fn create(config: &config::Hive, keys: Keys, lake: &Lake) -> Self {
        let own = doorstep_hive::Config {
            listen: config.listen,
            connections: config.connections,
            idle: Duration::from_secs_f64(config.idle_s),
            operation_idle: Duration::from_secs_f64(config.operation_idle_s),
            ..doorstep_hive::Config::default()
        };
        Self { listen: config.listen, service: Service::new(own, keys, lake.engine.clone()) }
    }

    pub(crate) async fn start(self, shutdown: &Shutdown) -> anyhow::Result<Running> {
        let started = self.service.start(shutdown.wait()).await;
        let handle = started.with_context(|| format!("cannot listen on {} (hive.listen)", self.listen))?;
        tracing::info!(at = %handle.at, "HiveServer2 listens");
        Ok(Running { at: handle.at, task: handle.task })
    }
}
