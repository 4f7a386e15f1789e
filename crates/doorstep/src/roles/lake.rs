//! The role `lake`: the journal becomes tables, and statements are run over them.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use doorstep_clock::SharedClock;
use doorstep_identity::Keys;
use doorstep_journal::Journal;
use doorstep_lake::{
    CARETAKER, CareOptions, Catalog, EngineOptions, IngestOptions, Jobs, Keeper, LocalEngine, Query, Tables, ViewSpec,
    flight::FlightSql, journal_id,
};
use doorstep_meter::Meter;
use doorstep_objects::Objects;
use doorstep_store::Store;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    config::Config,
    facts::{
        Facts,
        buckets::LakeBuckets,
        inventory::Inventory,
        tables::{INVENTORY, QUERIES, TABLES, USAGE, VIEWS},
        usage::UsageRows,
    },
    node::Shutdown,
};

/// The lake's engine and what belongs to it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Lake {
    pub(crate) engine: LocalEngine,
    pub(crate) jobs: Jobs,
}

impl Lake {
    /// Opens the catalogue in `store` and the files in the data directory.
    pub(crate) async fn open(config: &Config, store: Store, wall: SharedClock) -> anyhow::Result<Self> {
        let root = config.lake_dir();
        let journal = journal_id(&config.journal_dir()).context("cannot open the lake")?;
        let catalog = Catalog::new(store, Arc::clone(&wall)).of_journal(journal);
        let views: Vec<ViewSpec> = VIEWS.iter().map(|(name, about, query)| ViewSpec { name, about, query }).collect();
        let tables = Tables::open(&root, &catalog, TABLES, &views).await.context("cannot open the lake")?;
        let engine =
            LocalEngine::new(catalog, Arc::new(tables), Arc::clone(&wall), options(config, root.join("spill")))
                .context("cannot start the lake's engine")?;
        let jobs = Jobs::new(Arc::new(engine.clone()), root.join("answers"), wall).context("cannot open the lake")?;
        Ok(Self { engine, jobs })
    }

    /// Charges statements to the meter, and makes its records a table.
    pub(crate) fn charge(&self, meter: &Meter) -> anyhow::Result<()> {
        self.engine.metered_by(Arc::new(meter.clone()));
        let rows = Arc::new(UsageRows(meter.ledger().clone()));
        self.engine.tables().add_live(&USAGE, rows).context("usage is no table")
    }

    /// Makes the objects kept in this process a table, and lets tables lie in their buckets.
    pub(crate) fn show_objects(&self, objects: Objects) -> anyhow::Result<()> {
        self.engine.read_buckets(Arc::new(LakeBuckets(objects.clone())));
        self.engine.tables().add_live(&INVENTORY, Arc::new(Inventory(objects))).context("the inventory is no table")
    }

    /// Tells `facts` of each query that ends, except the lake's own work.
    pub(crate) fn remember_queries(&self, facts: Facts) {
        self.engine.listen(Arc::new(move |query: &Query| {
            let who = query.principal();
            if who.key.as_str() == CARETAKER {
                return;
            }
            let (state, error) = query.end().map_or(("cancelled", None), |(end, why)| (end.as_str(), why));
            let row = json!({"tenant": who.tenant, "key": who.key, "statement": query.text(), "state": state,
                             "error": error, "plan": query.plan(), "statistics": query.statistics()});
            facts.tell(QUERIES, query.id(), query.asked_at(), row);
        }));
    }
}

fn options(config: &Config, spill: PathBuf) -> EngineOptions {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut options = EngineOptions::new(spill, cores);
    options.memory_bytes = usize::try_from(config.lake.query_mib).unwrap_or(1024) << 20;
    options.running = config.lake.queries;
    options.time = Duration::from_secs_f64(config.lake.query_timeout_s);
    options.history = history(config);
    options.fetch.bytes = usize::try_from(config.lake.url_mib).unwrap_or(1024) << 20;
    options.fetch.private.clone_from(&config.lake.private_hosts);
    options
}

/// How long a table's past is kept.
fn history(config: &Config) -> Duration {
    Duration::from_secs_f64(config.lake.history_days * 86_400.0)
}

/// How tables are looked after.
pub(crate) fn care(config: &Config) -> CareOptions {
    CareOptions { history: history(config), keep_days: config.lake.keep_days.clone(), ..CareOptions::default() }
}

/// What the lake is made of.
pub(crate) struct LakeRole {
    lake: Lake,
    journal: Journal,
    keys: Keys,
    listen: SocketAddr,
    flush: Duration,
    care: CareOptions,
    owner: String,
}

/// The running lake: where Flight SQL listens, and what must end in order.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) task: JoinHandle<()>,
    keeper: Keeper,
}

impl LakeRole {
    pub(crate) fn create(config: &Config, lake: Lake, journal: Journal, keys: Keys, owner: String) -> Self {
        let flush = Duration::from_secs_f64(config.lake.flush_s);
        let (listen, care) = (config.lake.flight_listen, care(config));
        Self { lake, journal, keys, listen, flush, care, owner }
    }

    pub(crate) async fn start(self, shutdown: Shutdown) -> anyhow::Result<Running> {
        let Self { lake, journal, keys, listen, flush, care, owner } = self;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} (lake.flight_listen)"))?;
        let at = listener.local_addr()?;
        let face = FlightSql::new(lake.engine.clone(), keys)?;
        let task = tokio::spawn(async move {
            if let Err(error) = face.serve(listener, shutdown.wait()).await {
                tracing::warn!(%error, "Flight SQL ended badly");
            }
        });
        let options = IngestOptions { flush_every: flush, ..IngestOptions::default() };
        let engine = lake.engine;
        let keeper = Keeper::start(engine.clone(), journal, &owner, options, care).await?;
        match engine.catalog().require() {
            Ok(()) => tracing::info!(%at, "the lake is open; Flight SQL listens"),
            Err(error) => tracing::warn!(%at, %error, "this process waits for the lake"),
        }
        Ok(Running { at, task, keeper })
    }
}

impl Running {
    /// Writes what is in memory and ends the work in the background.
    pub(crate) async fn stop(self) {
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "Flight SQL ended badly");
        }
        self.keeper.stop().await;
    }
}
