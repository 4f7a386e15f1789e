//! The engine in this process: DataFusion, a place for each query, threads of its own, bounds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::execution::cache::cache_manager::{CacheManager, CacheManagerConfig};
use datafusion::execution::disk_manager::{DiskManager, DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{MemoryPool, UnboundedMemoryPool};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion::physical_plan::displayable;
use doorstep_clock::SharedClock;
use doorstep_meter::{Allowance, Amounts, SharedMetering, Unmetered, Wish};
use parking_lot::{Mutex, RwLock};

use super::answer;
use super::buckets::{Buckets, Door};
use super::cpu::Cores;
use super::files::LakeFiles;
use super::fitting::Fitting;
use super::gate::{Asked, Gate, Place};
use super::joins;
use super::memory::Budget;
use super::names::OneCatalog;
use super::query::{Cost, Query, QueryEnd};
use super::rates::{Guess, Rates};
use super::scope::Scope;
use super::session::Session;
use super::table::{FileStatistics, FilesTable};
use super::urls::Urls;
use super::watch::Watch;
use super::{Engine, Limits, Plan, Running, Statement, external, functions, metering, settings, statements};
use crate::catalog::{BUILT_IN_DATABASE, Catalog, DataFile, TableDef};
use crate::ingest::Tables;
use crate::{LakeError, metrics};

/// Spilled files that one sort reads back at once; one that reads as many as there is memory for leaves none to the
/// sorts beside it.
const MERGED_AT_ONCE: usize = 16;

/// Sizes and bounds of the engine.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Where queries spill; made if missing, emptied by each query itself.
    pub spill_dir: PathBuf,
    /// Bytes that all queries together may spill; of those that run at once each has an equal part.
    pub spill_bytes: u64,
    /// Memory of one query, bytes.
    pub memory_bytes: usize,
    /// Cores of one query at once.
    pub cores: usize,
    /// Queries that run at once.
    pub running: usize,
    /// Queries that may wait for a place; one more is refused.
    pub waiting: usize,
    /// How long one may wait.
    pub patience: Duration,
    /// How long one may run.
    pub time: Duration,
    /// Bytes that one may read.
    pub scan_bytes: u64,
    /// Memory for footers of Parquet files, bytes.
    pub metadata_cache_bytes: usize,
    /// How far back `AS OF` reaches: as long as [`CareOptions::history`](crate::CareOptions) keeps files.
    pub history: Duration,
    /// How tables over addresses are fetched.
    pub fetch: doorstep_fetch::Config,
}

/// How long a table's past is kept, if nobody says otherwise; as Delta's deleted files are.
pub const HISTORY: Duration = Duration::from_secs(7 * 86_400);

impl EngineOptions {
    /// For a machine with `cores` cores, with its spill folder.
    #[must_use]
    pub fn new(spill_dir: PathBuf, cores: usize) -> Self {
        Self {
            spill_dir,
            spill_bytes: 50 << 30,
            memory_bytes: 1 << 30,
            cores: cores.max(1),
            running: 4,
            waiting: 64,
            patience: Duration::from_secs(60),
            time: Duration::from_secs(600),
            scan_bytes: 1 << 40,
            metadata_cache_bytes: 128 << 20,
            history: HISTORY,
            fetch: doorstep_fetch::Config {
                private: Vec::new(),
                bytes: 1 << 30,
                time: Duration::from_secs(300),
                redirects: 5,
            },
        }
    }
}

/// Told of each query that ended: for a history, for a meter.
pub type Listener = Arc<dyn Fn(&Query) + Send + Sync>;

pub(super) struct Inner {
    pub(super) catalog: Catalog,
    pub(super) files: LakeFiles,
    pub(super) tables: Arc<Tables>,
    pub(super) statistics: FileStatistics,
    pub(super) urls: Urls,
    pub(super) clock: SharedClock,
    pub(super) options: EngineOptions,
    pub(super) template: RwLock<SessionState>,
    cache: Arc<CacheManager>,
    gate: Gate,
    queries: Mutex<HashMap<String, Arc<Query>>>,
    listener: RwLock<Option<Listener>>,
    meter: RwLock<SharedMetering>,
    buckets: RwLock<Option<Door>>,
    rates: Mutex<Rates>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalEngine").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Runs statements with DataFusion in this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LocalEngine(pub(super) Arc<Inner>);

/// What a face needs to read and plan a statement itself: DataFusion's state, seeing what the session may see.
#[derive(Debug)]
pub struct Context {
    /// Plans with the session's names, functions and settings; runs nothing.
    pub state: SessionState,
}

impl LocalEngine {
    /// An engine over the catalogue's tables and the built-in ones.
    ///
    /// # Errors
    /// [`LakeError::Io`] when the spill folder cannot be made.
    pub fn new(
        catalog: Catalog,
        tables: Arc<Tables>,
        clock: SharedClock,
        options: EngineOptions,
    ) -> Result<Self, LakeError> {
        let spill = &options.spill_dir;
        // What a killed process left there belongs to nobody.
        let _ = std::fs::remove_dir_all(spill);
        std::fs::create_dir_all(spill).map_err(LakeError::io("make the folder", spill))?;
        let cache = CacheManagerConfig {
            metadata_cache_limit: options.metadata_cache_bytes,
            // Folders that others fill must be looked at anew each time.
            list_files_cache: None,
            list_files_cache_limit: 0,
            ..CacheManagerConfig::default()
        };
        let template = joins::ordered(SessionStateBuilder::new_with_default_features().build());
        Ok(Self(Arc::new(Inner {
            catalog,
            files: tables.files().clone(),
            urls: Urls::new(options.fetch.clone(), tables.files().clone())?,
            tables,
            statistics: FileStatistics::default(),
            clock,
            template: RwLock::new(template),
            cache: CacheManager::try_new(&cache)?,
            gate: Gate::new(options.running),
            queries: Mutex::default(),
            listener: RwLock::default(),
            meter: RwLock::new(Arc::new(Unmetered)),
            buckets: RwLock::default(),
            rates: Mutex::default(),
            options,
        })))
    }

    /// The catalogue.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// The built-in tables.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.0.tables
    }

    /// The built-in tables, to be fed.
    #[must_use]
    pub fn shared_tables(&self) -> Arc<Tables> {
        Arc::clone(&self.0.tables)
    }

    /// A table of just these files.
    pub(crate) fn provider_of(&self, schema: SchemaRef, files: Vec<DataFile>) -> Arc<dyn TableProvider> {
        let known = Arc::clone(&self.0.statistics);
        Arc::new(FilesTable::new(Arc::clone(&schema), schema, &[], files, known))
    }

    /// Tells `listener` of each query that ends from now on.
    pub fn listen(&self, listener: Listener) {
        *self.0.listener.write() = Some(listener);
    }

    /// Charges queries to `meter` from now on, and holds them to its caps.
    pub fn metered_by(&self, meter: SharedMetering) {
        *self.0.meter.write() = meter;
    }

    /// Lets tables lie in `buckets`. To be called where these may be asked: on a runtime with a network.
    pub fn read_buckets(&self, buckets: Arc<dyn Buckets>) {
        *self.0.buckets.write() = Door::new(buckets);
    }

    /// Checks where an external table's files are to be, and writes it down in one form.
    ///
    /// # Errors
    /// [`LakeError::Invalid`] and [`LakeError::Unknown`] for a place that cannot be.
    pub async fn settle(&self, session: &Session, table: &mut TableDef) -> Result<(), LakeError> {
        external::settle(&self.0, session.tenant(), table).await
    }

    /// Adds functions to all sessions, in place of those of the same name.
    pub fn add_functions(
        &self,
        scalars: impl IntoIterator<Item = Arc<ScalarUDF>>,
        aggregates: impl IntoIterator<Item = Arc<AggregateUDF>>,
        windows: impl IntoIterator<Item = Arc<WindowUDF>>,
    ) {
        let mut template = self.0.template.write();
        let old = template.clone();
        let scalars = old.scalar_functions().values().cloned().chain(scalars).collect();
        let aggregates = old.aggregate_functions().values().cloned().chain(aggregates).collect();
        let windows = old.window_functions().values().cloned().chain(windows).collect();
        *template = SessionStateBuilder::new_from_existing(old)
            .with_scalar_functions(scalars)
            .with_aggregate_functions(aggregates)
            .with_window_functions(windows)
            .build();
    }

    /// For faces that read or plan statements themselves.
    ///
    /// # Errors
    /// The store's, or a setting that cannot be.
    pub async fn context(&self, session: &Session) -> Result<Context, LakeError> {
        let scope = self.0.scope(session).await?;
        Ok(Context { state: self.0.state(&scope, None, self.0.options.cores)? })
    }

    /// As `USE`, but no statement: nobody waits for it or pays.
    ///
    /// # Errors
    /// [`LakeError::Unknown`] for a database that is not there, the store's.
    pub async fn use_database(&self, session: &Session, name: &str) -> Result<(), LakeError> {
        statements::choose_database(&*self.0.scope(session).await?, name)
    }

    /// What a statement would cost, as `EXPLAIN COST` tells it: a row for each resource, and one for all.
    ///
    /// # Errors
    /// As [`Engine::plan`].
    pub async fn explain_cost(&self, session: &Session, statement: &Statement) -> Result<RecordBatch, LakeError> {
        let (inner, session, statement) = (Arc::clone(&self.0), session.clone(), statement.clone());
        let work = async move {
            let scope = inner.scope(&session).await?;
            let state = inner.state(&scope, None, inner.options.cores)?;
            let told = metering::explain(&scope, &state, &statement).await;
            told.map_err(|error| with_nearest(error, &scope))
        };
        self.on_a_large_stack(work).await
    }
}

impl Inner {
    pub(super) async fn scope(self: &Arc<Self>, session: &Session) -> Result<Arc<Scope>, LakeError> {
        self.catalog.require()?;
        let all = self.catalog.holdings(session.tenant()).await?;
        Ok(Arc::new(Scope {
            engine: Arc::clone(self),
            session: session.clone(),
            holdings: session.over(&all),
            all,
            database: session.database(),
            as_maker: false,
            depth: 0,
            seen: Arc::default(),
        }))
    }

    /// A state that sees what `scope` sees. With a query it has that query's memory and meters its reads.
    pub(super) fn state(
        self: &Arc<Self>,
        scope: &Arc<Scope>,
        query: Option<(&Query, Arc<Budget>)>,
        cores: usize,
    ) -> Result<SessionState, LakeError> {
        let mut config = settings::config(&scope.session.settings(), &scope.database, cores)?;
        let (meter, pool): (_, Arc<dyn MemoryPool>) = match query {
            Some((query, budget)) => {
                config.options_mut().execution.sort_spill_reservation_bytes = budget.for_each_merge();
                config.options_mut().extensions.insert(Fitting::new(&scope.session, Arc::clone(&query.misfits)));
                (Arc::clone(&query.scan), budget)
            }
            None => (Arc::new(super::files::ScanMeter::new(u64::MAX)), Arc::new(UnboundedMemoryPool::default())),
        };
        let buckets = self.buckets().map(|door| door.store(scope.session.tenant()));
        let runtime = RuntimeEnv {
            memory_pool: pool,
            disk_manager: Arc::new(self.disk()?),
            cache_manager: Arc::clone(&self.cache),
            object_store_registry: self.files.registry(&meter, buckets),
        };
        let template = self.template.read().clone();
        let own = functions::calls(scope, &template);
        let mut builder = SessionStateBuilder::new_from_existing(template);
        if !own.is_empty() {
            builder.scalar_functions().get_or_insert_default().extend(own);
        }
        let mut state = builder
            .with_config(config)
            .with_runtime_env(Arc::new(runtime))
            .with_catalog_list(Arc::new(OneCatalog(Arc::clone(scope))))
            .build();
        // Without it now() and its like have no time to tell.
        state.mark_start_execution();
        Ok(state)
    }

    /// Where one query spills: it has its part of what all may spill together.
    fn disk(&self) -> Result<DiskManager, LakeError> {
        let own = self.options.spill_bytes / (self.options.running.max(1) as u64);
        Ok(DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![self.options.spill_dir.clone()]))
            .with_max_temp_directory_size(own)
            .with_max_spill_merge_fan_in(MERGED_AT_ONCE)
            .build()?)
    }

    /// The way to the buckets, if this process has any.
    pub(super) fn buckets(&self) -> Option<Door> {
        self.buckets.read().clone()
    }

    pub(super) fn meter(&self) -> SharedMetering {
        Arc::clone(&self.meter.read())
    }

    pub(super) fn guess(&self, bytes_planned: u64) -> Guess {
        self.rates.lock().guess(bytes_planned)
    }

    /// Refuses a speed that there is not.
    pub(super) async fn check_speed(&self, tenant: &str, speed: &str) -> Result<(), LakeError> {
        let wish = Wish {
            tenant: tenant.to_owned(),
            id: "speed".to_owned(),
            speed: Some(speed.to_owned()),
            estimate: Amounts::new(),
        };
        Ok(self.meter().allow(wish).await.map(|_| ())?)
    }

    /// Leave to run a query, with its speed. The lake's own work is nobody's to pay.
    async fn allowance(&self, session: &Session, query: &Query, cores: usize) -> Result<Allowance, LakeError> {
        if session.principal().key.as_str() == crate::CARETAKER {
            return Ok(Allowance::unmetered());
        }
        let (tenant, id) = (session.tenant().to_owned(), query.id().to_owned());
        let (speed, estimate) = (session.setting(metering::SPEED), metering::to_begin_with(cores));
        let wish = Wish { tenant, id, speed, estimate };
        Ok(self.meter().allow(wish).await?)
    }

    /// What an ended query costs: nothing if it failed or nobody pays.
    pub(super) async fn cost(&self, query: &Query, end: QueryEnd, speed: &str) -> Option<Cost> {
        let who = query.principal();
        if end == QueryEnd::Failed || who.key.as_str() == crate::CARETAKER {
            return None;
        }
        let amounts = metering::amounts(&query.statistics());
        match self.meter().estimate(who.tenant.as_str(), speed, &amounts).await {
            Ok(estimate) => Some(Cost::from(&estimate)),
            Err(error) => {
                tracing::warn!(%error, query = query.id(), "a query's cost is not known");
                None
            }
        }
    }

    fn limits(&self, asked: Limits) -> (Duration, usize, u64, usize) {
        let own = &self.options;
        (
            asked.time.map_or(own.time, |t| t.min(own.time)),
            asked.memory_bytes.map_or(own.memory_bytes, |m| m.min(own.memory_bytes)),
            asked.scan_bytes.map_or(own.scan_bytes, |b| b.min(own.scan_bytes)),
            asked.cores.map_or(own.cores, |c| c.clamp(1, own.cores)),
        )
    }

    /// Waits for a place.
    async fn place(&self, query: &Query, priority: u8) -> Result<Place, LakeError> {
        let tenant = query.principal().tenant.as_str();
        let (waits, before) = match self.gate.ask(tenant, priority, self.options.waiting) {
            Asked::Place(place) => return Ok(place),
            Asked::Full(waiting) => return Err(LakeError::Overloaded { waiting }),
            Asked::Wait(waits, before) => (waits, before),
        };
        metrics::waiting(before + 1);
        let come = tokio::select! {
            place = waits.place() => place.ok_or(LakeError::Overloaded { waiting: before }),
            () = query.cancelled() => Err(LakeError::Cancelled),
            () = tokio::time::sleep(self.options.patience) => Err(LakeError::Overloaded { waiting: before }),
        };
        metrics::waiting(self.gate.waiting());
        come
    }

    /// Notes the end of a query everywhere.
    pub(super) fn ended(&self, query: &Query, end: QueryEnd, why: Option<&LakeError>, cost: Option<Cost>) {
        query.ends(end, why.map(ToString::to_string), cost);
        let statistics = query.statistics();
        if end == QueryEnd::Done {
            self.rates.lock().learn(&statistics);
        }
        let outcome = why.map_or(end.as_str(), LakeError::code);
        metrics::query(outcome, Duration::from_millis(statistics.wall_ms), statistics.cpu_ms, statistics.bytes_scanned);
        metrics::misfits(statistics.misfits);
        tracing::debug!(
            query = query.id(),
            outcome,
            wall_ms = statistics.wall_ms,
            cpu_ms = statistics.cpu_ms,
            rows = statistics.rows,
            "a query ended"
        );
        let left = {
            let mut queries = self.queries.lock();
            queries.remove(query.id());
            queries.len()
        };
        metrics::running(left);
        if let Some(listener) = self.listener.read().clone() {
            listener(query);
        }
    }
}

#[async_trait]
impl Engine for LocalEngine {
    async fn plan(&self, session: &Session, statement: &Statement) -> Result<Plan, LakeError> {
        let (inner, session, statement) = (Arc::clone(&self.0), session.clone(), statement.clone());
        let work = async move {
            let scope = inner.scope(&session).await?;
            let state = inner.state(&scope, None, inner.options.cores)?;
            if let Statement::Sql(text) = &statement
                && let Some(told) = statements::told_by_text(&scope, &state, text).await?
            {
                let (schema, text) = (told.schema(), "these rows are known".to_owned());
                return Ok(Plan { schema, writes: false, text, scan_bytes: 0, cost: None });
            }
            let logical = statements::logical(&scope, &state, &statement).await;
            let (logical, writes) = logical.map_err(|e| with_nearest(e, &scope))?;
            let physical = state.create_physical_plan(&logical).await?;
            let scan_bytes = answer::planned_bytes(&physical);
            let cost = metering::estimate(&scope, scan_bytes).await.ok().map(|estimate| Cost::from(&estimate));
            Ok::<_, LakeError>(Plan {
                schema: physical.schema(),
                writes,
                text: displayable(physical.as_ref()).indent(false).to_string(),
                scan_bytes,
                cost,
            })
        };
        self.on_a_large_stack(work).await
    }

    async fn execute(&self, session: &Session, statement: Statement, limits: Limits) -> Result<Running, LakeError> {
        let inner = &self.0;
        let (time, memory, scan, cores) = inner.limits(limits);
        let query = Arc::new(Query::new(session.principal().clone(), statement.text(), inner.clock.now(), scan));
        inner.queries.lock().insert(query.id().to_owned(), Arc::clone(&query));
        metrics::running(inner.queries.lock().len());
        let waiting = Waiting { engine: inner, query: Some(&query) };
        let started = async {
            let allowance = inner.allowance(session, &query, cores).await?;
            if let Some(bytes) = allowance.scan_bytes() {
                query.scan.narrow(bytes);
            }
            let cores = cores.min(allowance.speed().cores as usize).max(1);
            let place = inner.place(&query, limits.priority.unwrap_or(allowance.speed().priority)).await?;
            let threads = Cores::start(cores).map_err(LakeError::io("start threads for", &inner.options.spill_dir))?;
            Ok::<_, LakeError>((allowance, cores, place, threads))
        };
        let started = started.await;
        waiting.over();
        let (allowance, cores, place, threads) = match started {
            Ok(started) => started,
            Err(error) => {
                let end = if matches!(error, LakeError::Cancelled) { QueryEnd::Cancelled } else { QueryEnd::Failed };
                inner.ended(&query, end, Some(&error), None);
                return Err(error);
            }
        };
        let budget = Arc::new(Budget::new(memory));
        query.starts(threads.meter(), Arc::clone(&budget));
        let (sender, receiver) = tokio::sync::mpsc::channel(answer::AHEAD);
        let work = answer::Work {
            engine: Arc::clone(inner),
            session: session.clone(),
            statement,
            query: Arc::clone(&query),
            budget,
            cores,
            sender: sender.clone(),
        };
        let (engine, watched) = (Arc::clone(inner), Arc::clone(&query));
        let watch = Watch { engine, query: watched, allowance, threads, place, sender, time };
        tokio::spawn(watch.over(work));
        let (schema, rows) = answer::receive(receiver).await?;
        Ok(Running { schema, rows, query })
    }

    fn queries(&self) -> Vec<Arc<Query>> {
        let mut all: Vec<_> = self.0.queries.lock().values().cloned().collect();
        all.sort_by(|a, b| a.id().cmp(b.id()));
        all
    }
}

/// A query that waits for its place. Its caller may go away meanwhile; then it has ended.
struct Waiting<'a> {
    engine: &'a Inner,
    query: Option<&'a Query>,
}

impl Waiting<'_> {
    fn over(mut self) {
        self.query = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(query) = self.query {
            self.engine.ended(query, QueryEnd::Cancelled, Some(&LakeError::Cancelled), None);
        }
    }
}

/// What a name that is nowhere was probably meant to be.
pub(super) fn with_nearest(error: LakeError, scope: &Scope) -> LakeError {
    let LakeError::Sql { reason, place, fix: None } = &error else { return error };
    let Some(asked) = reason.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found")) else {
        return error;
    };
    let (asked, _) = super::travel::split(super::change::unmarked(asked).0);
    let bare = asked.rsplit('.').next().unwrap_or(asked);
    let database = asked.rsplit('.').nth(1).unwrap_or(&scope.database);
    let mut names = scope.table_names(database);
    names.extend(scope.table_names(BUILT_IN_DATABASE));
    let near = crate::catalog::nearest(bare, names.iter().map(String::as_str));
    let place = *place;
    let reason = format!("there is no table {asked}");
    LakeError::Sql { reason, place, fix: near.map(|near| format!("did you mean {near}?")) }
}
