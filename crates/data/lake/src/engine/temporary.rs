//! Tables of one session: they lie in the catalogue under names that nobody writes, cover the others of their name for
//! this session alone, and go with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use doorstep_identity::Principal;
use tokio::runtime::Handle;

use super::local::LocalEngine;
use super::session::Session;
use crate::LakeError;
use crate::catalog::{Catalog, Holdings, TableDef, Unseen};

/// Refuses a view that reads a temporary table, by its name.
#[must_use]
pub fn no_view_of(table: &str) -> LakeError {
    LakeError::unsupported(format!("a view of the temporary table {table}"), "make a table of its rows first")
}

/// Tables that one session may have.
const MOST: usize = 100;

/// The tables of a session, by database and the name that it gave.
pub(super) struct Temporary {
    catalog: Catalog,
    /// Outlives the session, which may end on the threads of a query.
    runtime: Handle,
    tenant: String,
    tables: BTreeMap<(String, String), TableDef>,
}

impl std::fmt::Debug for Temporary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Temporary").field("tables", &self.tables.len()).finish_non_exhaustive()
    }
}

impl Temporary {
    /// What the session sees: its own tables, as the catalogue has them now, in place of others of their name.
    pub(super) fn over(&self, all: &Arc<Holdings>) -> Arc<Holdings> {
        if self.tables.is_empty() {
            return Arc::clone(all);
        }
        let mut seen = Holdings::clone(all);
        for ((database, name), table) in &self.tables {
            // One that was dropped covers nothing any more.
            if let Some(table) = all.table(database, &table.name).cloned()
                && let Some(database) = seen.databases.get_mut(database)
            {
                database.tables.insert(name.clone(), table);
            }
        }
        Arc::new(seen)
    }

    /// Takes all of them from the session; they are dropped by what is returned.
    fn let_go(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let tables = std::mem::take(&mut self.tables);
        let (catalog, tenant) = (self.catalog.clone(), self.tenant.clone());
        async move {
            for table in tables.into_values() {
                if let Err(error) = catalog.drop_table(&tenant, &table).await {
                    tracing::warn!(%error, table = table.id, "a session's table is left for the caretaker");
                }
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.tables.is_empty() {
            let gone = self.let_go();
            self.runtime.spawn(gone);
        }
    }
}

impl LocalEngine {
    /// A session that its protocol keeps for many statements, so that it may have tables of its own. To be called on
    /// the runtime that serves the protocol.
    #[must_use]
    pub fn session(&self, principal: Principal) -> Session {
        let tenant = principal.tenant.as_str().to_owned();
        let temporary =
            Temporary { catalog: self.catalog().clone(), runtime: Handle::current(), tenant, tables: BTreeMap::new() };
        Session::with_tables(principal, temporary)
    }

    /// Everything that the session's tenant has, and the session's own tables.
    ///
    /// # Errors
    /// The store's.
    pub async fn holdings(&self, session: &Session) -> Result<Arc<Holdings>, LakeError> {
        let all = self.catalog().holdings(session.tenant()).await?;
        Ok(session.over(&all))
    }
}

impl Session {
    /// Makes a new table one of this session's, before it is made: it gets a name that nobody writes, and covers
    /// others of the name that it had.
    ///
    /// # Errors
    /// [`LakeError::Unsupported`] if the session ends with its statement, [`LakeError::Invalid`] if it has too many.
    pub fn own(&self, table: &mut TableDef) -> Result<(), LakeError> {
        let mut state = self.temporary();
        let Some(own) = state.as_mut() else {
            let fix = "use WITH … AS inside the query, or a protocol with sessions: HiveServer2 or PostgreSQL's";
            return Err(LakeError::unsupported("a temporary table where the session ends with its statement", fix));
        };
        if own.tables.len() >= MOST {
            let reason = format!("the session has {MOST} temporary tables");
            return Err(LakeError::invalid("CREATE TEMPORARY TABLE", reason, "make a table, or begin another session"));
        }
        let name = std::mem::replace(&mut table.name, Unseen::Temporary.name(&table.id));
        own.tables.insert((table.database.clone(), name), table.clone());
        Ok(())
    }

    /// A table of this session's that a plan reads, by its name: no view can, since others read views too.
    #[must_use]
    pub fn own_in(&self, plan: &LogicalPlan) -> Option<String> {
        let (database, state) = (self.database(), self.temporary());
        let own = &state.as_ref().filter(|own| !own.tables.is_empty())?.tables;
        let mut found = None;
        let looked = plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                let at = scan.table_name.schema().unwrap_or(&database);
                let name = (at.to_owned(), scan.table_name.table().to_owned());
                found = own.contains_key(&name).then_some(name.1);
            }
            Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        });
        looked.ok().and(found)
    }

    /// Forgets a table that was dropped, or not made after all.
    pub fn disown(&self, table: &TableDef) {
        if let Some(own) = self.temporary().as_mut() {
            own.tables.retain(|_, known| known.id != table.id);
        }
    }

    /// Drops this session's tables before it ends.
    pub async fn let_tables_go(&self) {
        let gone = self.temporary().as_mut().map(Temporary::let_go);
        if let Some(gone) = gone {
            gone.await;
        }
    }

    /// What the session sees of all that its tenant has.
    pub(super) fn over(&self, all: &Arc<Holdings>) -> Arc<Holdings> {
        self.temporary().as_ref().map_or_else(|| Arc::clone(all), |own| own.over(all))
    }
}
