//! The built-in tables: which there are, their files, and their rows that are in no file yet.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use doorstep_journal::Journal;
use doorstep_journal::table::{LiveRows, TableSpec};
use parking_lot::RwLock;

use super::decode;
use crate::LakeError;
use crate::catalog::{Catalog, DataFile};
use crate::engine::LakeFiles;

/// A view over built-in tables that every tenant has.
#[derive(Clone, Copy, Debug)]
pub struct ViewSpec {
    /// Its name in SQL.
    pub name: &'static str,
    /// What a row is, in one sentence.
    pub about: &'static str,
    /// Its query.
    pub query: &'static str,
}

/// The built-in tables of all tenants.
#[derive(Debug)]
pub struct Tables {
    files: LakeFiles,
    specs: Vec<&'static TableSpec>,
    views: Vec<ViewSpec>,
    state: RwLock<BTreeMap<&'static str, State>>,
    live: RwLock<BTreeMap<&'static str, Live>>,
}

/// A table whose rows are read when somebody asks for them.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) spec: &'static TableSpec,
    pub(crate) schema: SchemaRef,
    pub(crate) rows: Arc<dyn LiveRows>,
}

#[derive(Debug)]
struct State {
    spec: &'static TableSpec,
    schema: SchemaRef,
    /// By tenant.
    files: HashMap<String, Vec<DataFile>>,
    /// By stream.
    recent: HashMap<String, Recent>,
}

/// Rows of one stream that are in no file yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    /// The last record that is in a file, or was no row.
    pub(super) position: u64,
    /// The last record read.
    pub(super) seen: u64,
    /// The rows between, by tenant.
    pub(super) batches: Vec<(String, RecordBatch)>,
    pub(super) rows: usize,
}

/// A table at one moment, as one tenant sees it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its column of time.
    pub time: &'static str,
    /// Its files.
    pub files: Vec<DataFile>,
    /// Its rows that are in no file yet.
    pub recent: Vec<RecordBatch>,
}

impl Tables {
    /// The tables that `specs` describe, with the files that the catalogue has of them, in the folder `root`.
    ///
    /// # Errors
    /// [`LakeError::Invalid`] for a description that does not hold together; files and the store.
    pub async fn open(
        root: &Path,
        catalog: &Catalog,
        specs: &[&'static TableSpec],
        views: &[ViewSpec],
    ) -> Result<Self, LakeError> {
        let mut state = BTreeMap::new();
        for spec in specs {
            let schema = decode::schema(spec)?;
            state.insert(spec.name, State { spec, schema, files: HashMap::new(), recent: HashMap::new() });
        }
        let tables = Self {
            files: LakeFiles::open(root)?,
            specs: specs.to_vec(),
            views: views.to_vec(),
            state: RwLock::new(state),
            live: RwLock::default(),
        };
        tables.read_again(catalog).await?;
        Ok(tables)
    }

    /// Forgets what is in memory and takes the files that the catalogue has now.
    pub(crate) async fn read_again(&self, catalog: &Catalog) -> Result<(), LakeError> {
        for spec in &self.specs {
            let mut files: HashMap<String, Vec<DataFile>> = HashMap::new();
            for (tenant, file) in catalog.built_in_files(spec.name).await? {
                files.entry(tenant).or_default().push(file);
            }
            if let Some(state) = self.state.write().get_mut(spec.name) {
                state.files = files;
                state.recent.clear();
            }
        }
        Ok(())
    }

    /// No built-in tables: a lake beside anything else.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn none(root: &Path) -> Result<Self, LakeError> {
        let files = LakeFiles::open(root)?;
        Ok(Self { files, specs: Vec::new(), views: Vec::new(), state: RwLock::default(), live: RwLock::default() })
    }

    pub(crate) const fn files(&self) -> &LakeFiles {
        &self.files
    }

    /// The descriptions of the tables.
    #[must_use]
    pub fn specs(&self) -> &[&'static TableSpec] {
        &self.specs
    }

    /// The views.
    #[must_use]
    pub fn views(&self) -> &[ViewSpec] {
        &self.views
    }

    /// Adds a table whose rows are kept elsewhere.
    ///
    /// # Errors
    /// [`LakeError::Invalid`] for a description that does not hold together.
    pub fn add_live(&self, spec: &'static TableSpec, rows: Arc<dyn LiveRows>) -> Result<(), LakeError> {
        let schema = decode::schema(spec)?;
        self.live.write().insert(spec.name, Live { spec, schema, rows });
        Ok(())
    }

    pub(crate) fn live(&self, name: &str) -> Option<Live> {
        self.live.read().get(name).cloned()
    }

    /// The description of a table of either kind.
    pub(crate) fn spec(&self, name: &str) -> Option<&'static TableSpec> {
        self.specs.iter().find(|s| s.name == name).copied().or_else(|| self.live(name).map(|live| live.spec))
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        let live = self.live.read();
        self.specs.iter().map(|s| s.name).chain(self.views.iter().map(|v| v.name)).chain(live.keys().copied()).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().contains(&name)
    }

    pub(crate) fn view(&self, name: &str) -> Option<&'static str> {
        self.views.iter().find(|v| v.name == name).map(|v| v.query)
    }

    /// A table as one tenant sees it now.
    #[must_use]
    pub fn snapshot(&self, name: &str, tenant: &str) -> Option<Snapshot> {
        let all = self.state.read();
        let state = all.get(name)?;
        let recent = state.recent.values().flat_map(|r| &r.batches).filter(|(of, _)| of == tenant);
        Some(Snapshot {
            schema: Arc::clone(&state.schema),
            time: state.spec.time,
            files: state.files.get(tenant).cloned().unwrap_or_default(),
            recent: recent.map(|(_, batch)| batch.clone()).collect(),
        })
    }

    /// Waits until everything that the journal holds now can be seen; for a lake that was just opened.
    pub async fn caught_up(&self, journal: &Journal) {
        for stream in journal.streams() {
            let last = journal.last(&stream);
            for spec in self.specs.iter().filter(|spec| stream.starts_with(spec.streams)) {
                while self.recent(spec.name, &stream).seen < last {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
            }
        }
    }

    pub(super) fn schema(&self, name: &str) -> Option<SchemaRef> {
        self.state.read().get(name).map(|state| Arc::clone(&state.schema))
    }

    /// Sets where a stream's reader begins.
    pub(super) fn begin(&self, table: &str, stream: &str, position: u64) {
        if let Some(state) = self.state.write().get_mut(table) {
            let recent = Recent { position, seen: position, ..Recent::default() };
            state.recent.insert(stream.to_owned(), recent);
        }
    }

    /// Shows rows that were just read.
    pub(super) fn show(&self, table: &str, stream: &str, seen: u64, batches: Vec<(String, RecordBatch)>) {
        if let Some(recent) = self.state.write().get_mut(table).and_then(|s| s.recent.get_mut(stream)) {
            recent.seen = seen;
            recent.rows += batches.iter().map(|(_, b)| b.num_rows()).sum::<usize>();
            recent.batches.extend(batches);
        }
    }

    /// What a stream has read but not written.
    pub(super) fn recent(&self, table: &str, stream: &str) -> Recent {
        self.state.read().get(table).and_then(|s| s.recent.get(stream)).cloned().unwrap_or_default()
    }

    /// Rows up to `written.seen` are in `files` now.
    pub(super) fn written(&self, table: &str, stream: &str, written: &Recent, files: Vec<(String, DataFile)>) {
        let mut all = self.state.write();
        let Some(state) = all.get_mut(table) else { return };
        for (tenant, file) in files {
            state.files.entry(tenant).or_default().push(file);
        }
        if let Some(recent) = state.recent.get_mut(stream) {
            recent.position = written.seen;
            recent.batches.drain(..written.batches.len());
            recent.rows -= written.rows;
        }
    }

    /// Other files hold the rows of `gone` now (or nobody does).
    pub(super) fn swapped(&self, table: &str, tenant: &str, gone: &[String], new: Vec<DataFile>) {
        if let Some(state) = self.state.write().get_mut(table) {
            let files = state.files.entry(tenant.to_owned()).or_default();
            files.retain(|file| !gone.contains(&file.path));
            files.extend(new);
        }
    }

    /// The files of all tenants of a table.
    pub(super) fn all_files(&self, table: &str) -> Vec<(String, Vec<DataFile>)> {
        let all = self.state.read();
        all.get(table).map_or_else(Vec::new, |s| s.files.iter().map(|(t, f)| (t.clone(), f.clone())).collect())
    }
}
