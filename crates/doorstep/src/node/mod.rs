//! One process: opens what is durable, starts its roles in order, tells when it is ready, goes down in order.

pub(crate) mod counted;
mod held_back;
pub(crate) mod metering;
pub mod metrics;
pub(crate) mod ready;
pub(crate) mod serve;
mod shutdown;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use doorstep_clock::{SharedClock, SystemClock};
use doorstep_identity::{Keys, MAIN_TENANT, NewKey, Scope, Signer, TenantId, Vault};
use doorstep_journal::Journal;
use doorstep_meter::Meter;
use doorstep_orders::Orders;
use doorstep_store::{Migration, Store};
use doorstep_telemetry::Metrics;
use tokio::task::JoinHandle;

pub use ready::AdminKey;
pub use shutdown::Shutdown;
pub(crate) use shutdown::asked_by_signal;

use crate::{
    api::app::Buckets,
    config::Config,
    facts::Facts,
    roles::{
        Role,
        api::{ApiRole, Needs},
        city::{Cities, CityRole},
        metrics::MetricsRole,
        objects::ObjectsRole,
    },
};
#[cfg(feature = "lake")]
use crate::{
    facts::watch::watch,
    roles::{
        hive::HiveRole,
        lake::{self, Lake, LakeRole},
        postgres::PostgresRole,
    },
};

/// What a start wants beside the configuration.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Where the ready file is written.
    pub ready_file: Option<PathBuf>,
    /// A fresh admin key even if the store has keys already.
    pub fresh_admin_key: bool,
    /// Where metrics come from; without it there is no page.
    pub metrics: Option<Metrics>,
}

/// A running process.
#[derive(Debug)]
pub struct Node {
    /// Where the API listens.
    pub api: Option<SocketAddr>,
    /// Where buckets and objects are.
    pub objects: Option<SocketAddr>,
    /// Where the metrics are.
    pub metrics: Option<SocketAddr>,
    /// Where Arrow Flight SQL listens.
    pub flight: Option<SocketAddr>,
    /// Where HiveServer2 listens.
    pub hive: Option<SocketAddr>,
    /// Where PostgreSQL's protocol is spoken.
    pub postgres: Option<SocketAddr>,
    /// The admin key, if this start made one.
    pub admin_key: Option<AdminKey>,
    /// The store was empty: this is the first start.
    pub first_start: bool,
    shutdown: Shutdown,
    tasks: Vec<JoinHandle<()>>,
    cities: CitiesInOrder,
    meter: Meter,
    #[cfg(feature = "lake")]
    lake: LakeInOrder,
}

/// The cities, kept until everything in front of them has stopped.
struct CitiesInOrder(Cities);

impl std::fmt::Debug for CitiesInOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The lake, which goes down when nothing asks it any more.
#[cfg(feature = "lake")]
struct LakeInOrder(Option<lake::Running>);

#[cfg(feature = "lake")]
impl std::fmt::Debug for LakeInOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lake").field(&self.0.as_ref().map(|lake| lake.at)).finish()
    }
}

/// All tables of all crates.
#[must_use]
pub fn migrations() -> Vec<Migration> {
    let all = [
        doorstep_identity::MIGRATIONS,
        doorstep_orders::MIGRATIONS,
        doorstep_ratings::MIGRATIONS,
        doorstep_objects::MIGRATIONS,
        doorstep_pictures::MIGRATIONS,
        doorstep_meter::MIGRATIONS,
        doorstep_city::trials::MIGRATIONS,
        #[cfg(feature = "lake")]
        doorstep_lake::MIGRATIONS,
    ];
    all.into_iter().flatten().cloned().collect()
}

/// Opens the configured store and brings its tables up to date.
pub fn open_store(config: &Config) -> anyhow::Result<Store> {
    if config.store.is_none() {
        std::fs::create_dir_all(&config.data)
            .with_context(|| format!("cannot make the data directory {}", config.data.display()))?;
    }
    Store::open(&config.store_url(), &migrations()).context("cannot open the store")
}

/// The access keys in this store, by real time; their secrets are sealed under this node's key.
pub fn keys(config: &Config, store: &Store) -> anyhow::Result<Keys> {
    Ok(Keys::new(store.clone(), Arc::new(SystemClock)).with_vault(vault(config)?))
}

fn vault(config: &Config) -> anyhow::Result<Arc<Vault>> {
    Ok(Arc::new(Vault::load_or_create(&config.key_file())?))
}

impl Node {
    /// Starts everything that the configuration asks for. When this returns, everything answers.
    pub async fn start(config: Config, wishes: Wishes) -> anyhow::Result<Self> {
        let wall: SharedClock = Arc::new(SystemClock);
        let store = open_store(&config)?;
        let keys = keys(&config, &store)?;
        let first = keys.ensure_admin().await.context("cannot make the first admin key")?;
        let first_start = first.is_some();
        let admin_key = match first {
            None if wishes.fresh_admin_key => Some(fresh_admin_key(&keys).await?),
            first => first,
        };
        let signer = Arc::new(Signer::load_or_create(&store).await.context("cannot read the signing keys")?);
        let orders = Orders::new(store.clone(), signer);
        let shutdown = Shutdown::default();
        let journal = open_journal(&config, Arc::clone(&wall))?;
        let meter = Meter::open(store.clone(), journal.clone(), Arc::clone(&wall), journal_name(&config)?)
            .await
            .context("cannot open the meter")?;
        tokio::spawn(meter.clone().run(shutdown.wait()));

        let owner = owner_name(&config);
        let mut tasks = Vec::new();
        let mut cities = Cities::new();
        if config.has(Role::City) {
            let role = CityRole::create(&config, Arc::clone(&wall), orders.clone(), journal.clone());
            cities = role.start(&owner).await?;
        }
        #[cfg_attr(not(feature = "lake"), allow(unused_mut, reason = "nobody is told without the lake"))]
        let (mut facts, mut flight, mut hive, mut postgres) = (Facts::default(), None, None, None);
        #[cfg(feature = "lake")]
        let mut lake = None;
        #[cfg(feature = "lake")]
        let mut lake_runs = None;
        #[cfg(feature = "lake")]
        if config.has(Role::Lake) {
            let opened = Lake::open(&config, store.clone(), Arc::clone(&wall)).await?;
            let (telling, task) = Facts::start(journal.clone(), shutdown.clone());
            facts = telling;
            tasks.push(task);
            tasks.push(tokio::spawn(watch(cities.clone(), keys.clone(), facts.clone(), shutdown.clone())));
            opened.remember_queries(facts.clone());
            opened.charge(&meter)?;
            let role = LakeRole::create(&config, opened.clone(), journal.clone(), keys.clone(), owner.clone());
            let running = role.start(shutdown.clone()).await?;
            flight = Some(running.at);
            if config.has(Role::Hive) {
                let face = HiveRole::create(&config.hive, keys.clone(), &opened).start(&shutdown).await?;
                hive = Some(face.at);
                tasks.push(face.task);
            }
            if config.has(Role::Postgres) {
                let face = PostgresRole::create(&config.postgres, keys.clone(), &opened).start(&shutdown).await?;
                postgres = Some(face.at);
                tasks.push(face.task);
            }
            (lake, lake_runs) = (Some(opened), Some(running));
        }
        let (mut objects, mut buckets) = (None, None);
        if config.has(Role::Objects) {
            let vault = vault(&config)?;
            let told = (journal.clone(), meter.clone(), facts.clone());
            let role = ObjectsRole::create(&config, store.clone(), keys.clone(), vault, Arc::clone(&wall), told);
            let running = role.start(shutdown.clone()).await?;
            objects = Some(running.at);
            #[cfg(feature = "lake")]
            if let Some(lake) = &lake {
                lake.show_objects(running.engine.clone())?;
            }
            buckets = Some(Buckets { engine: running.engine, pictures: running.pictures, at: running.at });
            tasks.push(running.task);
        }
        let mut api = None;
        if config.has(Role::Api) {
            let (meter, cities, shutdown) = (meter.clone(), cities.clone(), shutdown.clone());
            let needs = Needs {
                store,
                keys,
                orders,
                journal,
                meter,
                wall,
                cities,
                buckets,
                shutdown,
                facts,
                #[cfg(feature = "lake")]
                lake,
            };
            let running = ApiRole::create(&config.api, &config.limits, needs).start().await?;
            api = Some(running.at);
            tasks.push(running.task);
        }
        let mut metrics = None;
        if let (true, Some(source)) = (config.has(Role::Metrics), wishes.metrics) {
            let running = MetricsRole::create(&config.metrics, source).start(shutdown.clone()).await?;
            metrics = Some(running.at);
            tasks.push(running.task);
        }

        let admin_key = admin_key.map(|key| AdminKey { access: key.access.to_string(), secret: key.secret });
        if let Some(path) = &wishes.ready_file {
            let admin_key = admin_key.clone();
            ready::write(path, &ready::Ready { api, objects, metrics, flight, hive, postgres, admin_key })?;
        }
        Ok(Self {
            api,
            objects,
            metrics,
            flight,
            hive,
            postgres,
            admin_key,
            first_start,
            shutdown,
            tasks,
            cities: CitiesInOrder(cities),
            meter,
            #[cfg(feature = "lake")]
            lake: LakeInOrder(lake_runs),
        })
    }

    /// Tells everybody that the process goes down.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Goes down in order: faces first, then the cities, then what is durable.
    pub async fn stop(self) {
        self.shutdown.go_down();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::warn!(%error, "a listener ended badly");
            }
        }
        #[cfg(feature = "lake")]
        if let Some(lake) = self.lake.0 {
            lake.stop().await;
        }
        for (id, city) in self.cities.0 {
            if tokio::time::timeout(GIVE_BACK_WITHIN, city.shutdown()).await.is_err() {
                tracing::warn!(city = id, "the city did not stop in time; its lease runs out by itself");
            }
        }
        // Nobody uses anything any more.
        if let Err(error) = self.meter.catch_up().await {
            tracing::warn!(%error, "usage is not in the accounts yet; what the journal has follows at the next start");
        }
    }
}

/// A city's lease is given back within this time, else it runs out by itself.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(5);

/// A name of this process that survives its restart: with the store beside the data only one process can own it.
pub(crate) fn owner_name(config: &Config) -> String {
    let random = uuid::Uuid::now_v7().simple().to_string();
    let file = config.data.join("owner");
    if let Ok(name) = std::fs::read_to_string(&file)
        && !name.trim().is_empty()
    {
        return name.trim().to_owned();
    }
    let kept = std::fs::create_dir_all(&config.data).and_then(|()| std::fs::write(&file, &random));
    if let Err(error) = kept {
        tracing::debug!(%error, "this process has a new name after each start");
    }
    random
}

/// The name under which the meter remembers how far this journal is folded into the accounts: it must live as long as
/// the journal does, so it lies in there.
fn journal_name(config: &Config) -> anyhow::Result<String> {
    let file = config.journal_dir().join("name");
    let read = || std::fs::read_to_string(&file).map(|name| name.trim().to_owned());
    match read() {
        Ok(name) if !name.is_empty() => return Ok(name),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read the journal's name in {}", file.display()));
        }
        _ => {}
    }
    let name = uuid::Uuid::now_v7().simple().to_string();
    let write = || -> std::io::Result<()> {
        use std::io::Write as _;
        let beside = file.with_extension("new");
        let mut made = std::fs::File::create(&beside)?;
        made.write_all(name.as_bytes())?;
        made.sync_all()?;
        std::fs::rename(&beside, &file)?;
        std::fs::File::open(config.journal_dir())?.sync_all()
    };
    write().with_context(|| format!("cannot write the journal's name to {}", file.display()))?;
    Ok(name)
}

async fn fresh_admin_key(keys: &Keys) -> anyhow::Result<NewKey> {
    let scopes = [Scope::Admin].into_iter().collect();
    keys.create(&TenantId::new(MAIN_TENANT), "ephemeral admin", scopes, None).await.context("cannot make an admin key")
}

fn open_journal(config: &Config, clock: SharedClock) -> anyhow::Result<Journal> {
    let options = doorstep_journal::Options {
        segment_bytes: u64::from(config.journal.segment_mib) << 20,
        retention_bytes: Some(u64::from(config.journal.keep_mib) << 20),
        retention_age: Some(Duration::from_secs(u64::from(config.journal.keep_hours) * 3600)),
        ..doorstep_journal::Options::default()
    };
    Journal::open(&config.journal_dir(), options, clock).context("cannot open the journal")
}
