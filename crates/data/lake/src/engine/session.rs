//! A session: who asks, in which database, with which settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_identity::{Principal, Scope};
use parking_lot::{Mutex, MutexGuard, RwLock};

use super::temporary::Temporary;

use crate::catalog::{DEFAULT_DATABASE, FunctionDef, Once};

/// Named settings, as `SET` leaves them.
pub type Settings = BTreeMap<String, String>;

/// A caller's session. A face keeps one as long as its protocol has one, or makes one per request.
/// Clones are the same session.
#[derive(Clone, Debug)]
pub struct Session {
    principal: Arc<Principal>,
    state: Arc<RwLock<State>>,
    temporary: Arc<Mutex<Option<Temporary>>>,
}

#[derive(Debug)]
struct State {
    database: String,
    settings: Settings,
    once: Option<Once>,
    repeated: bool,
    functions: BTreeMap<(String, String), Arc<FunctionDef>>,
}

impl Session {
    /// A new session in the database `default`, for one statement or few: it has no tables of its own.
    #[must_use]
    pub fn new(principal: Principal) -> Self {
        let state = State {
            database: DEFAULT_DATABASE.to_owned(),
            settings: Settings::new(),
            once: None,
            repeated: false,
            functions: BTreeMap::new(),
        };
        Self { principal: Arc::new(principal), state: Arc::new(RwLock::new(state)), temporary: Arc::default() }
    }

    pub(super) fn with_tables(principal: Principal, temporary: Temporary) -> Self {
        Self { temporary: Arc::new(Mutex::new(Some(temporary))), ..Self::new(principal) }
    }

    pub(super) fn temporary(&self) -> MutexGuard<'_, Option<Temporary>> {
        self.temporary.lock()
    }

    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whose tables are seen.
    #[must_use]
    pub fn tenant(&self) -> &str {
        self.principal.tenant.as_str()
    }

    /// Whether all of the tenant's tables are open to it, to read and to change. Others need a grant.
    #[must_use]
    pub fn runs_the_place(&self) -> bool {
        self.principal.allows(Scope::Operator)
    }

    /// The database in which a bare name is looked up first.
    #[must_use]
    pub fn database(&self) -> String {
        self.state.read().database.clone()
    }

    /// Goes to another database; whether it exists is the engine's matter.
    pub fn use_database(&self, name: &str) {
        name.clone_into(&mut self.state.write().database);
    }

    /// All settings made in this session.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.state.read().settings.clone()
    }

    /// One setting made in this session.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<String> {
        self.state.read().settings.get(name).cloned()
    }

    /// Keeps a setting.
    pub fn set(&self, name: &str, value: &str) {
        self.state.write().settings.insert(name.to_owned(), value.to_owned());
    }

    /// Drops a setting.
    pub fn reset(&self, name: &str) {
        self.state.write().settings.remove(name);
    }

    /// The functions of this session alone.
    pub(super) fn functions(&self) -> BTreeMap<(String, String), Arc<FunctionDef>> {
        self.state.read().functions.clone()
    }

    /// Keeps a function for this session, or ends that with `None`.
    pub(super) fn define(&self, at: (String, String), function: Option<Arc<FunctionDef>>) {
        let functions = &mut self.state.write().functions;
        match function {
            Some(function) => drop(functions.insert(at, function)),
            None => drop(functions.remove(&at)),
        }
    }

    /// Lets the INSERT of this session, for it has one statement, add its rows once for this key.
    pub fn only_once(&self, once: Once) {
        self.state.write().once = Some(once);
    }

    pub(super) fn once(&self) -> Option<Once> {
        self.state.read().once.clone()
    }

    pub(super) fn repeats(&self) {
        self.state.write().repeated = true;
    }

    /// Whether the rows were there already, added by an earlier statement of the same key.
    #[must_use]
    pub fn repeated(&self) -> bool {
        self.state.read().repeated
    }
}
