//! The role `metrics`: the Prometheus page, on a port of its own.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum::{Router, http::header, response::IntoResponse, routing::get};
use doorstep_telemetry::Metrics;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    config,
    node::{Shutdown, serve},
};

/// Scrapers at once.
const CONNECTIONS: usize = 64;
/// How often recorded values are folded, so that memory stays bounded when nobody looks.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// The page of these metrics.
pub(crate) struct MetricsRole {
    listen: SocketAddr,
    metrics: Metrics,
}

/// Where the page is, and its task.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) task: JoinHandle<()>,
}

impl MetricsRole {
    pub(crate) fn create(config: &config::Metrics, metrics: Metrics) -> Self {
        crate::node::metrics::describe();
        Self { listen: config.listen, metrics }
    }

    pub(crate) async fn start(self, shutdown: Shutdown) -> anyhow::Result<Running> {
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {} (metrics.listen)", self.listen))?;
        let at = listener.local_addr()?;
        let page = self.metrics.clone();
        let router = Router::new().route("/metrics", get(move || async move { show(&page) }));
        tokio::spawn(fold(self.metrics, shutdown.clone()));
        let task = tokio::spawn(serve::serve(listener, router, CONNECTIONS, shutdown));
        tracing::info!(%at, "the metrics page listens");
        Ok(Running { at, task })
    }
}

fn show(metrics: &Metrics) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
}

async fn fold(metrics: Metrics, shutdown: Shutdown) {
    let mut due = tokio::time::interval(FOLD_EVERY);
    loop {
        tokio::select! {
            _ = due.tick() => metrics.upkeep(),
            () = shutdown.wait() => return,
        }
    }
}
