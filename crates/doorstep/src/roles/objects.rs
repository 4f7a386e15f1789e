//! The role `objects`: buckets and objects behind their protocol faces, on one port.

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::Router;
use doorstep_blobs::{Blobs, Location};
use doorstep_clock::SharedClock;
use doorstep_identity::Keys;
use doorstep_objects::Objects;
use doorstep_s3::S3Face;
use doorstep_store::Store;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    config::{self, Config},
    node::{Shutdown, serve},
};

/// What the role is made of.
pub(crate) struct ObjectsRole {
    config: config::Objects,
    blobs: doorstep_blobs::Config,
    store: Store,
    keys: Keys,
    wall: SharedClock,
}

/// Where the faces listen, the engine behind them, and the task.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) task: JoinHandle<()>,
    pub(crate) engine: Objects,
}

impl ObjectsRole {
    pub(crate) fn create(config: &Config, store: Store, keys: Keys, wall: SharedClock) -> Self {
        let location = match &config.objects.bytes {
            Some(url) => Location::Url(url.clone()),
            None => Location::Disk(config.data.join("blobs")),
        };
        Self { config: config.objects.clone(), blobs: doorstep_blobs::Config::at(location), store, keys, wall }
    }

    /// Opens the bytes' place, starts the sweeps, and listens.
    pub(crate) async fn start(self, shutdown: Shutdown) -> anyhow::Result<Running> {
        let blobs = Blobs::open(&self.blobs).await.context("cannot open the place for bytes (objects.bytes)")?;
        let objects = Objects::new(self.store, blobs, self.wall, doorstep_objects::Config::default());
        let listener = TcpListener::bind(self.config.listen)
            .await
            .with_context(|| format!("cannot listen on {} (objects.listen)", self.config.listen))?;
        let at = listener.local_addr()?;
        let s3 = doorstep_s3::Config {
            domains: self.config.domains.clone(),
            region: self.config.region.clone(),
            requests: self.config.requests,
            ..doorstep_s3::Config::default()
        };
        let face = S3Face::new(objects.clone(), self.keys, s3);
        tokio::spawn(sweep(objects.clone(), shutdown.clone()));
        let router = Router::new().fallback_service(face);
        let task = tokio::spawn(serve::serve(listener, router, self.config.connections, shutdown));
        tracing::info!(%at, "objects are served");
        Ok(Running { at, task, engine: objects })
    }
}

/// Collects garbage and checks bytes until the process goes down.
async fn sweep(objects: Objects, shutdown: Shutdown) {
    let stop = shutdown.wait();
    tokio::select! {
        () = objects.keep_clean() => {}
        () = stop => {}
    }
}
