//! What a session may see, at one moment: names to providers, narrowed by grants.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, DFSchema};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use doorstep_clock::Timestamp;
use parking_lot::Mutex;

use super::broken::BrokenView;
use super::external;
use super::live::LiveTable;
use super::local::Inner;
use super::session::Session;
use super::table::FilesTable;
use super::{change, statements, travel};
use crate::LakeError;
use crate::catalog::{BUILT_IN_DATABASE, DataFile, Grant, Holdings, TableDef, TableKind, Unseen};

/// Views in views in views: more than this is a circle.
const DEEPEST_VIEW: usize = 16;

/// Bytes of a grant's condition: it is read where there is little room.
const LONGEST_CONDITION: usize = 500;

/// See the module's head. Held by the providers that DataFusion asks.
pub(super) struct Scope {
    pub(super) engine: Arc<Inner>,
    pub(super) session: Session,
    pub(super) holdings: Arc<Holdings>,
    /// Without the session's own tables: what views and conditions of grants look at.
    pub(super) all: Arc<Holdings>,
    /// Where bare names are looked up.
    pub(super) database: String,
    /// Inside a view: its maker's eyes, which see all of the tenant's tables.
    pub(super) as_maker: bool,
    pub(super) depth: usize,
    /// The files of tables as they were when they were first asked for: a statement sees one state of each.
    pub(super) seen: Arc<Mutex<HashMap<String, Vec<DataFile>>>>,
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("tenant", &self.session.tenant()).field("database", &self.database).finish()
    }
}

impl Scope {
    /// All tables and views of a database that the session may see, sorted.
    pub(super) fn table_names(&self, database: &str) -> Vec<String> {
        let mut names: Vec<String> = if database == BUILT_IN_DATABASE {
            self.engine.tables.names().into_iter().map(str::to_owned).collect()
        } else {
            self.holdings.databases.get(database).map_or_else(Vec::new, |d| d.tables.keys().cloned().collect())
        };
        names.retain(|name| !Unseen::is(name) && self.grant(database, name).is_some());
        names.sort();
        names
    }

    pub(super) fn has(&self, database: &str, name: &str) -> bool {
        let (name, _) = travel::split(change::unmarked(name).0);
        let there = if database == BUILT_IN_DATABASE {
            self.engine.tables.has(name)
        } else {
            self.holdings.table(database, name).is_some()
        };
        there && self.grant(database, name).is_some()
    }

    /// What the session may see of a table: all of it, a part, or (none) nothing.
    pub(super) fn grant(&self, database: &str, table: &str) -> Option<Grant> {
        // Only a session's own table has another name in the catalogue than here.
        let own = self.holdings.table(database, table).is_some_and(|own| own.name != table);
        if self.as_maker || own || self.session.runs_the_place() {
            return Some(Grant { write: true, ..Grant::default() });
        }
        let key = self.session.principal().key.as_str().to_owned();
        let grants = &self.holdings.grants;
        let of = |table: &str| grants.get(&(key.clone(), database.to_owned(), table.to_owned())).cloned();
        of(table).or_else(|| of("*"))
    }

    /// The provider of a name, narrowed to what the session may see of it.
    pub(super) async fn provider(
        self: &Arc<Self>,
        database: &str,
        name: &str,
    ) -> Result<Option<Arc<dyn TableProvider>>, LakeError> {
        let (name, places) = change::unmarked(name);
        if places {
            return self.with_places(database, name).await;
        }
        let (name, at) = travel::split(name);
        let Some(whole) = self.whole(database, name, at).await? else { return Ok(None) };
        let Some(grant) = self.grant(database, name) else {
            return Err(LakeError::Denied { action: format!("read {database}.{name}") });
        };
        if grant.columns.is_none() && grant.rows.is_none() {
            return Ok(Some(whole));
        }
        Ok(Some(self.narrowed((database, name), whole, &grant)?))
    }

    /// A name's provider with all of its rows, as they were `at` a moment or are now.
    async fn whole(
        self: &Arc<Self>,
        database: &str,
        name: &str,
        at: Option<Timestamp>,
    ) -> Result<Option<Arc<dyn TableProvider>>, LakeError> {
        if database == BUILT_IN_DATABASE {
            if at.is_some() && self.engine.tables.has(name) {
                return Err(travel::built_in());
            }
            let tables = &self.engine.tables;
            if let Some(view) = tables.view(name) {
                return self.view(database, view, &Schema::empty()).await.map(Some);
            }
            if let Some(live) = tables.live(name) {
                return Ok(Some(Arc::new(LiveTable::new(live, self.session.tenant()))));
            }
            let Some(snapshot) = tables.snapshot(name, self.session.tenant()) else { return Ok(None) };
            let schema = snapshot.schema;
            let known = Arc::clone(&self.engine.statistics);
            let table = FilesTable::new(Arc::clone(&schema), schema, &[], snapshot.files, known);
            return Ok(Some(Arc::new(table.with_recent(snapshot.time, snapshot.recent))));
        }
        let Some(table) = self.holdings.table(database, name) else { return Ok(None) };
        let tenant = self.session.tenant();
        if at.is_some() && table.kind != TableKind::Managed {
            let fix = "write the moment behind the lake's own tables, inside the view's query";
            return Err(LakeError::unsupported("the past of a view or of somebody else's files", fix));
        }
        match table.kind {
            TableKind::View => {
                let query = table.query.clone().unwrap_or_default();
                match self.view(database, &query, &table.schema).await {
                    Ok(view) => Ok(Some(view)),
                    // Only the outermost: in a view that leads back to itself each inner one would be tried to the end.
                    Err(error) if self.depth == 0 && error.is_the_statements() => {
                        let (name, schema) = (table.name.clone(), Arc::clone(&table.schema));
                        Ok(Some(Arc::new(BrokenView { name, schema, reason: error.to_string() })))
                    }
                    Err(error) => Err(error),
                }
            }
            TableKind::External => {
                let place = external::place(&self.engine, tenant, table).await?;
                Ok(Some(external::provider(table, place)?))
            }
            TableKind::Managed => Ok(Some(self.managed(table, at).await?)),
        }
    }

    /// A table whose rows say where they are, for who may see all of them.
    async fn with_places(&self, database: &str, name: &str) -> Result<Option<Arc<dyn TableProvider>>, LakeError> {
        let table = self.holdings.table(database, name).filter(|table| table.kind == TableKind::Managed);
        let table = table.filter(|_| self.grant(database, name).is_some_and(|grant| grant.sees_all()));
        let Some(table) = table else { return Ok(None) };
        let files = self.current(table).await?;
        Ok(Some(Arc::new(self.files_of(table, files).with_places())))
    }

    /// The files of a table, the same throughout a statement.
    async fn current(&self, table: &TableDef) -> Result<Vec<DataFile>, LakeError> {
        if let Some(seen) = self.seen.lock().get(&table.id) {
            return Ok(seen.clone());
        }
        let files = self.engine.catalog.files(self.session.tenant(), &table.id).await?;
        Ok(self.seen.lock().entry(table.id.clone()).or_insert(files).clone())
    }

    /// A table of just these files.
    pub(super) fn files_of(&self, table: &TableDef, files: Vec<DataFile>) -> FilesTable {
        let (schema, file_schema) = (Arc::clone(&table.schema), table.file_schema());
        FilesTable::new(schema, file_schema, &table.partition_by, files, Arc::clone(&self.engine.statistics))
    }

    async fn managed(&self, table: &TableDef, at: Option<Timestamp>) -> Result<Arc<dyn TableProvider>, LakeError> {
        let (catalog, tenant) = (&self.engine.catalog, self.session.tenant());
        let files = match at {
            None => self.current(table).await?,
            Some(at) => {
                let kept = i64::try_from(self.engine.options.history.as_millis()).unwrap_or(i64::MAX);
                let first = table.created_at.max(Timestamp(catalog.now().millis().saturating_sub(kept)));
                if at < first {
                    let reason =
                        format!("what {} was at {at} is not known any more, or it was not there yet", table.name);
                    return Err(LakeError::invalid("AS OF", reason, format!("ask for a moment from {first} on")));
                }
                catalog.files_at(tenant, &table.id, at).await?
            }
        };
        Ok(Arc::new(self.files_of(table, files)))
    }

    /// A view is planned anew each time, so that it follows the tables below it.
    async fn view(
        self: &Arc<Self>,
        database: &str,
        query: &str,
        named: &Schema,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        if self.depth >= DEEPEST_VIEW {
            return Err(LakeError::invalid("view", "it leads back to itself", "change one of the views"));
        }
        let state = self.inside(database).state()?;
        let statement = statements::parse(&state, query)?;
        let mut plan = Box::pin(state.statement_to_plan(statement)).await?;
        // `CREATE VIEW v (a, b)` names the columns itself.
        if named.fields().len() == plan.schema().fields().len() {
            let columns = plan.schema().columns().into_iter().zip(named.fields());
            let columns = columns.map(|(column, field)| Expr::Column(column).alias(field.name()));
            plan = LogicalPlanBuilder::from(plan).project(columns.collect::<Vec<_>>())?.build()?;
        }
        Ok(Arc::new(ViewTable::new(plan, Some(query.to_owned()))))
    }

    /// As whoever made a view or a grant in `database` sees.
    fn inside(self: &Arc<Self>, database: &str) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::clone(&self.engine),
            session: self.session.clone(),
            holdings: Arc::clone(&self.all),
            all: Arc::clone(&self.all),
            database: database.to_owned(),
            as_maker: true,
            depth: self.depth + 1,
            seen: Arc::clone(&self.seen),
        })
    }

    /// A state that plans with these eyes; without memory or files, for planning only.
    fn state(self: &Arc<Self>) -> Result<SessionState, LakeError> {
        self.engine.state(self, None, 1)
    }

    fn narrowed(
        self: &Arc<Self>,
        (database, name): (&str, &str),
        whole: Arc<dyn TableProvider>,
        grant: &Grant,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        let schema = whole.schema();
        let mut plan = LogicalPlanBuilder::scan(name, provider_as_source(whole), None)?;
        if let Some(rows) = &grant.rows {
            plan = plan.filter(self.condition((database, name), rows, &schema)?)?;
        }
        if let Some(columns) = &grant.columns {
            let kept = columns.iter().map(|column| Expr::Column(Column::new(Some(name), column)));
            plan = plan.project(kept)?;
        }
        let plan: LogicalPlan = plan.build()?;
        Ok(Arc::new(ViewTable::new(plan, None)))
    }

    /// The condition of a grant as an expression over the table's columns.
    fn condition(
        self: &Arc<Self>,
        (database, name): (&str, &str),
        text: &str,
        schema: &Schema,
    ) -> Result<Expr, LakeError> {
        if text.len() > LONGEST_CONDITION {
            let reason = format!("it has {} bytes, more than {LONGEST_CONDITION}", text.len());
            return Err(LakeError::invalid("rows", reason, "write a shorter condition"));
        }
        let df = DFSchema::try_from_qualified_schema(name, schema)?;
        Ok(self.inside(database).state()?.create_logical_expr(text, &df)?)
    }

    /// The names of all columns of a table or view, whoever may see them.
    pub(super) async fn columns(self: &Arc<Self>, database: &str, name: &str) -> Result<Vec<String>, LakeError> {
        let schema = match self.whole(database, name, None).await? {
            Some(whole) => whole.schema(),
            None => self.holdings.require(database, name).map(|table| Arc::clone(&table.schema))?,
        };
        Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
    }

    /// Checks a grant against its table before it is kept.
    pub(super) async fn check_grant(
        self: &Arc<Self>,
        database: &str,
        name: &str,
        grant: &Grant,
    ) -> Result<(), LakeError> {
        let Some(whole) = self.whole(database, name, None).await? else {
            return self.holdings.require(database, name).map(|_| ());
        };
        let schema = whole.schema();
        for column in grant.columns.iter().flatten() {
            if schema.column_with_name(column).is_none() {
                let names = schema.fields().iter().map(|f| f.name().as_str());
                let near = crate::catalog::nearest(column, names);
                return Err(LakeError::Unknown { what: "column", name: column.clone(), near });
            }
        }
        if let Some(rows) = &grant.rows {
            self.condition((database, name), rows, &schema)?;
        }
        Ok(())
    }
}
