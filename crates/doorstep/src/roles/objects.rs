//! The role `objects`: buckets and objects behind their protocol faces, and pictures made of them, on one port.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{Router, extract::Request, middleware};
use doorstep_blobs::{Blobs, Location};
use doorstep_clock::SharedClock;
use doorstep_fetch::Fetcher;
use doorstep_identity::{Keys, Vault};
use doorstep_images::Limits;
use doorstep_journal::Journal;
use doorstep_meter::Meter;
use doorstep_objects::{Courier, MasterKey, Objects};
use doorstep_pictures::{CachePlace, Needs, Pictured, Pictures, WorkshopConfig};
use doorstep_s3::S3Face;
use doorstep_store::Store;
use doorstep_ufile::UfileFace;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    object_log::{self, ObjectLog},
    storage_sample::sample_storage,
};
use crate::{
    config::{self, Config, PictureCache},
    facts::Facts,
    node::{Shutdown, metering, serve},
    roles::courier::EventCourier,
};

/// What the role is made of.
pub(crate) struct ObjectsRole {
    config: config::Objects,
    pictures: doorstep_pictures::Config,
    blobs: doorstep_blobs::Config,
    store: Store,
    keys: Keys,
    vault: Arc<Vault>,
    wall: SharedClock,
    journal: Journal,
    meter: Meter,
    facts: Facts,
}

/// Where the faces listen, the engines behind them, and the task.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) engine: Objects,
    pub(crate) pictures: Pictures,
    pub(crate) task: JoinHandle<()>,
}

fn pictures(config: &Config) -> doorstep_pictures::Config {
    let set = &config.pictures;
    let bytes = u64::from(set.cache_mib) << 20;
    let usual = WorkshopConfig::default();
    doorstep_pictures::Config {
        limits: Limits { time: Duration::from_secs_f64(set.time_s), ..Limits::default() },
        workshop: WorkshopConfig {
            threads: if set.threads == 0 { usual.threads } else { set.threads },
            queue: set.queue,
            wait: Duration::from_secs_f64(set.wait_s),
        },
        cache: match set.cache {
            PictureCache::Off => CachePlace::Off,
            PictureCache::Memory => CachePlace::Memory(bytes),
            PictureCache::Disk => CachePlace::Disk(config.data.join("pictures"), bytes),
        },
        domains: config.objects.domains.clone(),
        fetch: doorstep_fetch::Config { private: set.private_hosts.clone(), ..doorstep_fetch::Config::default() },
    }
}

impl ObjectsRole {
    pub(crate) fn create(
        config: &Config,
        store: Store,
        keys: Keys,
        vault: Arc<Vault>,
        wall: SharedClock,
        (journal, meter, facts): (Journal, Meter, Facts),
    ) -> Self {
        let location = match &config.objects.bytes {
            Some(url) => Location::Url(url.clone()),
            None => Location::Disk(config.data.join("blobs")),
        };
        let (pictures, blobs) = (pictures(config), doorstep_blobs::Config::at(location));
        Self { config: config.objects.clone(), pictures, blobs, store, keys, vault, wall, journal, meter, facts }
    }

    /// Opens the bytes' place, starts the sweeps and the upload rules, and listens.
    pub(crate) async fn start(self, shutdown: Shutdown) -> anyhow::Result<Running> {
        let blobs = Blobs::open(&self.blobs).await.context("cannot open the place for bytes (objects.bytes)")?;
        let master = self.keys.derive("objects").map(|key| MasterKey::new(&key, self.config.encryption_keys.clone()));
        let fetcher = Fetcher::new(doorstep_fetch::Config {
            private: self.config.callback_hosts.clone(),
            bytes: 64 << 10,
            time: Duration::from_secs(10),
            redirects: 0,
        })?;
        let courier: Arc<dyn Courier> = Arc::new(EventCourier { fetcher: fetcher.clone(), journal: self.journal });
        let limits = doorstep_objects::Config {
            master,
            courier: Some(courier),
            region: self.config.region.clone(),
            grace: Duration::from_secs(u64::from(self.config.grace_s)),
            sweep: Duration::from_secs(u64::from(self.config.sweep_s)),
            lifecycle_day: Duration::from_secs(u64::from(self.config.lifecycle_day_s)),
            ..doorstep_objects::Config::default()
        };
        let objects = Objects::new(self.store.clone(), blobs, Arc::clone(&self.wall), limits);
        objects.claim_bytes().await.context("cannot use the place for bytes (objects.bytes)")?;
        let needs = Needs {
            objects: objects.clone(),
            store: self.store,
            vault: self.vault,
            clock: Arc::clone(&self.wall),
            meter: Arc::new(metering::Pictures(self.meter.clone())),
        };
        let pictures = Pictures::open(needs, self.pictures).context("cannot start making pictures (pictures.cache)")?;
        pictures.note_uploads();
        let listener = TcpListener::bind(self.config.listen)
            .await
            .with_context(|| format!("cannot listen on {} (objects.listen)", self.config.listen))?;
        let at = listener.local_addr()?;
        let s3 = doorstep_s3::Config {
            domains: self.config.domains.clone(),
            region: self.config.region.clone(),
            requests: self.config.requests,
            website_domains: self.config.website_domains.clone(),
        };
        let ufile = doorstep_ufile::Config {
            hosts: self.config.hosts.clone(),
            requests: self.config.requests,
            ..doorstep_ufile::Config::default()
        };
        let s3 = S3Face::new(objects.clone(), self.keys.clone(), s3).metered(Arc::new(self.meter.clone()));
        // What is UFile's by its signature, query or form is answered by its face; all else goes on to S3's.
        let ufile = UfileFace::new(objects.clone(), self.keys, fetcher, ufile)
            .metered(Arc::new(self.meter.clone()))
            .making(Arc::new(pictures.clone()));
        let marking = ufile.clone();
        let face = ufile.in_front_of(s3);
        let log = ObjectLog { facts: self.facts, meter: self.meter.clone(), wall: Arc::clone(&self.wall) };
        let engine = objects.clone();
        tokio::spawn(sample_storage(objects.clone(), self.meter, self.wall, shutdown.clone()));
        tokio::spawn(until(shutdown.clone(), async move { objects.keep_clean().await }));
        tokio::spawn(until(shutdown.clone(), pictures.clone().follow_rules()));
        let router = Router::new()
            .fallback_service(Pictured::new(face, pictures.clone()))
            .layer(middleware::map_request(move |request: Request| std::future::ready(marking.marked(request))))
            .layer(middleware::from_fn_with_state(log, object_log::note));
        let task = tokio::spawn(serve::serve(listener, router, self.config.connections, shutdown));
        tracing::info!(%at, "objects and pictures are served");
        Ok(Running { at, engine, pictures, task })
    }
}

/// Works until the process goes down.
async fn until(shutdown: Shutdown, work: impl Future<Output = ()>) {
    let stop = shutdown.wait();
    tokio::select! {
        () = work => {}
        () = stop => {}
    }
}
