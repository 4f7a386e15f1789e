//! The role `api`: the HTTP API and the console.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use doorstep_city::trials::{Trials, TrialsConfig};
use doorstep_clock::SharedClock;
use doorstep_identity::Keys;
use doorstep_journal::Journal;
use doorstep_meter::Meter;
use doorstep_orders::Orders;
use doorstep_ratings::{Ratings, Rules};
use doorstep_store::{Store, idempotency};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

use super::city::Cities;
use crate::{
    api::{
        self,
        app::{App, Buckets, Parts},
        feed::Feed,
        rate_limit::{FORGET_EVERY, RateLimit},
    },
    config::{self, Limits},
    facts::Facts,
    node::{Shutdown, serve},
};

/// What the API needs; it owns none of it.
pub(crate) struct ApiRole {
    config: config::Api,
    app: App,
}

/// Where the API listens, and its task.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) task: JoinHandle<()>,
}

/// Everything that the API turns requests into calls of.
pub(crate) struct Needs {
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) orders: Orders,
    pub(crate) journal: Journal,
    pub(crate) meter: Meter,
    pub(crate) wall: SharedClock,
    pub(crate) cities: Cities,
    /// Where this process serves objects as well.
    pub(crate) buckets: Option<Buckets>,
    pub(crate) shutdown: Shutdown,
    pub(crate) facts: Facts,
    #[cfg(feature = "lake")]
    pub(crate) lake: Option<super::lake::Lake>,
}

impl ApiRole {
    pub(crate) fn create(config: &config::Api, limits: &Limits, needs: Needs) -> Self {
        let feed = |city: &doorstep_city::live::LiveCity| {
            Feed::start(needs.journal.clone(), city.stream(), needs.shutdown.clone())
        };
        let feeds = needs.cities.iter().map(|(id, city)| (id.clone(), feed(city))).collect();
        let trials =
            Trials::new(needs.store.clone(), Arc::clone(&needs.wall), needs.cities.clone(), TrialsConfig::default());
        let app = App::new(Parts {
            limits: limits.clone(),
            feeds,
            rate: RateLimit::new(limits),
            tiles: api::tile_cache::TileCache::default(),
            streams: Arc::new(Semaphore::new(limits.streams)),
            store: needs.store,
            keys: needs.keys,
            orders: needs.orders,
            ratings: Ratings::new(Rules::default()),
            trials,
            buckets: needs.buckets,
            journal: needs.journal,
            meter: needs.meter,
            wall: needs.wall,
            cities: needs.cities,
            shutdown: needs.shutdown,
            facts: needs.facts,
            #[cfg(feature = "lake")]
            lake: needs.lake,
        });
        Self { config: config.clone(), app }
    }

    pub(crate) async fn start(self) -> anyhow::Result<Running> {
        let Self { config, app } = self;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {} (api.listen)", config.listen))?;
        let at = listener.local_addr()?;
        let router = api::router(app.clone(), &config.cors_origins);
        let (connections, shutdown) = (app.limits.connections, app.shutdown.clone());
        let (trials, down) = (app.trials.clone(), app.shutdown.clone());
        let backtests = tokio::spawn(trials.work(async move { down.wait().await }));
        tokio::spawn(tidy_up(app));
        let serving = serve::serve(listener, router, connections, shutdown);
        let task = tokio::spawn(async move {
            serving.await;
            // It gives back what it has claimed before the store closes.
            if let Err(error) = backtests.await {
                tracing::warn!(%error, "the work on backtests ended badly");
            }
        });
        tracing::info!(%at, "the API listens");
        Ok(Running { at, task })
    }
}

/// Forgets quiet keys' buckets and answers whose time is over.
async fn tidy_up(app: App) {
    let mut due = tokio::time::interval(FORGET_EVERY);
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = app.shutdown.wait() => return,
        }
        app.rate.forget_quiet_keys();
        let now = app.wall.now();
        if let Err(error) = app.store.write(move |tx| idempotency::sweep(tx, now)).await {
            tracing::warn!(%error, "old idempotency keys could not be swept");
        }
    }
}
