//! Runs HiveQL statements on the lake, for a session.

mod alter;
mod answer;
mod change;
mod create;
mod describe;
mod function;
mod insert;
mod load;
mod plan;
mod room;
mod told;
mod view;

use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::SessionState;
use datafusion::sql::sqlparser::ast::SetExpr;
use doorstep_identity::Principal;
use doorstep_lake::catalog::{BUILT_IN_DATABASE, Holdings, TableDef};
use doorstep_lake::{LakeError, Limits, LocalEngine, Permission, Session};
use tokio::sync::Semaphore;

pub(crate) use answer::text_rows;
pub use answer::{Answer, ColumnShown, Rows};
pub(crate) use describe::described;

use crate::HiveError;
use crate::hiveql::{Asker, DropWhat, LateralViews, Name, Statement, parse, query, rewrite};

/// Runs statements. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Runner {
    engine: LocalEngine,
    /// Statements that are planned, or change something, at once: each has a thread.
    places: Arc<Semaphore>,
}

/// More statements than this wait until one is planned.
const STATEMENTS: usize = 64;

impl Runner {
    /// A runner on this engine, which learns Hive's functions and LATERAL VIEW.
    #[must_use]
    pub fn new(engine: LocalEngine) -> Self {
        engine.add_functions(crate::functions::scalars(), crate::functions::aggregates(), []);
        engine.add_relations(Arc::new(LateralViews));
        Self { engine, places: Arc::new(Semaphore::new(STATEMENTS)) }
    }

    /// A new session, which may have tables of its own. To be called on the runtime that serves the protocol.
    #[must_use]
    pub fn session(&self, principal: Principal) -> Session {
        self.engine.session(principal)
    }

    /// Reads a statement with the session's variables put in.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(&self, session: &Session, text: &str) -> Result<Statement, HiveError> {
        parse(&substituted(session, text)?)
    }

    /// Runs a statement that [`Runner::read`] made of `text`.
    ///
    /// # Errors
    /// What is wrong with it, or what stopped it.
    pub async fn run(
        &self,
        session: &Session,
        text: &str,
        statement: Statement,
        time: Option<Duration>,
    ) -> Result<Answer, HiveError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| HiveError::from(LakeError::Cancelled))?;
        let (engine, session, text) = (self.engine.clone(), session.clone(), text.to_owned());
        room::on_a_large_stack(async move {
            let _place = place;
            let limits = Limits { time, ..Limits::default() };
            Call { engine: &engine, session: &session, text: &text, limits }.run(statement).await
        })
        .await
    }

    /// DataFusion's state as the session sees it, for looking at names.
    ///
    /// # Errors
    /// The store's.
    pub async fn state(&self, session: &Session) -> Result<SessionState, HiveError> {
        Ok(self.engine.context(session).await?.state)
    }

    /// Everything that the session's tenant has.
    ///
    /// # Errors
    /// The store's.
    pub async fn holdings(&self, session: &Session) -> Result<Arc<Holdings>, HiveError> {
        Ok(self.engine.holdings(session).await?)
    }
}

/// Names of settings of which `${…}` is replaced, and how deep.
fn substituted(session: &Session, text: &str) -> Result<String, HiveError> {
    if !text.contains("${") {
        return Ok(text.to_owned());
    }
    let mut text = text.to_owned();
    for _ in 0..10 {
        let mut out = String::new();
        let mut rest = text.as_str();
        let mut found = false;
        while let Some(at) = rest.find("${") {
            out.push_str(&rest[..at]);
            let behind = &rest[at + 2..];
            let value = behind.find('}').and_then(|end| {
                let name = &behind[..end];
                let name = name.strip_prefix("hiveconf:").or_else(|| name.strip_prefix("hivevar:")).unwrap_or(name);
                session.setting(name).or_else(|| session.setting(&format!("hivevar:{name}"))).map(|v| (v, end))
            });
            match value {
                Some((value, end)) => {
                    out.push_str(&value);
                    rest = &behind[end + 1..];
                    found = true;
                }
                None => {
                    out.push_str("${");
                    rest = behind;
                }
            }
            if out.len() > 1 << 20 {
                return Err(HiveError::TooLong { bytes: out.len(), most: 1 << 20 });
            }
        }
        out.push_str(rest);
        text = out;
        if !found {
            break;
        }
    }
    Ok(text)
}

/// One statement on its way.
struct Call<'a> {
    engine: &'a LocalEngine,
    session: &'a Session,
    text: &'a str,
    limits: Limits,
}

impl Call<'_> {
    async fn run(&self, statement: Statement) -> Result<Answer, HiveError> {
        match statement {
            Statement::Query(query) => self.query(*query).await,
            Statement::Explain { what, of } => self.explain(what, *of).await,
            Statement::Insert(inserts) => self.insert(inserts).await,
            Statement::CreateTable(create) => self.create_table(*create).await,
            Statement::CreateTableLike { name, like, temporary, if_not_exists } => {
                self.create_like(&name, &like, temporary, if_not_exists).await
            }
            Statement::CreateView { name, columns, comment, query, or_replace, if_not_exists } => {
                let made = self.view(&name, &columns, &comment, &query).await?;
                self.keep_view(made, or_replace, if_not_exists).await
            }
            Statement::AlterView { name, query } => self.alter_view(&name, &query).await,
            Statement::CreateDatabase { name, comment, if_not_exists } => {
                self.may_change("make databases")?;
                self.engine.catalog().create_database(self.session.tenant(), &name, &comment, if_not_exists).await?;
                Ok(Answer::done())
            }
            Statement::Drop { what, name, if_exists, cascade } => self.drop_it(what, &name, if_exists, cascade).await,
            Statement::AlterTable(alter) => self.alter(*alter).await,
            Statement::Truncate { name, partition } => self.truncate(&name, partition).await,
            Statement::Repair(name) => self.repair(&name).await,
            Statement::Analyze(name) => {
                // Files keep their statistics from the moment they are written; only the name is looked at.
                self.table(&name).await?;
                Ok(Answer::done())
            }
            Statement::LoadData(load) => self.load(load).await,
            Statement::Use(name) => {
                let all = self.holdings().await?;
                if name != BUILT_IN_DATABASE && !all.databases.contains_key(&name) {
                    return Err(unknown_database(&all, &name));
                }
                self.session.use_database(&name);
                Ok(Answer::done())
            }
            Statement::Set { name, value } => self.set(name.as_deref(), value.as_deref()),
            Statement::Reset => {
                self.session.settings().keys().for_each(|name| self.session.reset(name));
                Ok(Answer::done())
            }
            Statement::Show(show) => self.show(show).await,
            Statement::Describe(describe) => self.describe(describe).await,
            Statement::Grants(asked) => self.grants(asked).await,
            Statement::Change(change) => self.change(*change).await,
            Statement::CreateFunction(create) => self.create_function(*create).await,
            Statement::DropFunction { name, temporary, if_exists } => {
                let database = name.database.as_deref();
                self.engine.undefine(self.session, database, &name.name, temporary, if_exists).await?;
                Ok(Answer::done())
            }
        }
    }

    /// A condition of rows is kept in the engine's own SQL, as a view's query is.
    async fn grants(&self, mut asked: Permission) -> Result<Answer, HiveError> {
        if let Some(condition) = &asked.condition {
            let mut query = query(&format!("select 1 where {condition}"))?;
            rewrite(&mut query, &self.asker())?;
            asked.condition = match *query.body {
                SetExpr::Select(select) => select.selection.map(|condition| condition.to_string()),
                _ => None,
            };
        }
        let told = self.engine.permit(self.session, &asked).await?;
        if !asked.has_rows() {
            return Ok(Answer::done());
        }
        Ok(Answer { columns: answer::columns(&told.schema()), rows: Rows::Ready(vec![told]), ..Answer::done() })
    }

    fn asker(&self) -> Asker {
        Asker { user: self.session.principal().key.to_string(), database: self.session.database() }
    }

    async fn holdings(&self) -> Result<Arc<Holdings>, HiveError> {
        Ok(self.engine.holdings(self.session).await?)
    }

    /// The database and the name of what a statement names.
    fn place(&self, name: &Name) -> (String, String) {
        (name.database.clone().unwrap_or_else(|| self.session.database()), name.name.clone())
    }

    /// A table or view of the tenant's own.
    async fn table(&self, name: &Name) -> Result<TableDef, HiveError> {
        let (database, table) = self.place(name);
        let all = self.holdings().await?;
        if !all.databases.contains_key(&database) && database != BUILT_IN_DATABASE {
            return Err(unknown_database(&all, &database));
        }
        Ok((**all.require(&database, &table)?).clone())
    }

    /// Refuses to change what the key may not change.
    fn may_change(&self, what: &str) -> Result<(), HiveError> {
        if self.session.runs_the_place() {
            return Ok(());
        }
        Err(LakeError::Denied { action: what.to_owned() }.into())
    }

    fn set(&self, name: Option<&str>, value: Option<&str>) -> Result<Answer, HiveError> {
        match (name, value) {
            (Some(name), Some(value)) => {
                if self.session.settings().len() >= 1_000 || name.len() + value.len() > 10_000 {
                    return Err(HiveError::TooMany { what: "settings (or one of more than 10000 bytes)", most: 1_000 });
                }
                // A setting of the engine's would change what the rewriter counts on.
                if name.starts_with("datafusion.") {
                    return Err(HiveError::unsupported(
                        "a setting of the engine",
                        "settings of Hive are kept and not acted on",
                    ));
                }
                doorstep_lake::check_setting(name, value)?;
                self.session.set(name, value);
                Ok(Answer::done())
            }
            (Some(name), None) => {
                let shown = self
                    .session
                    .setting(name)
                    .map_or_else(|| format!("{name} is undefined"), |v| format!("{name}={v}"));
                text_rows(&["set"], vec![vec![Some(shown)]])
            }
            _ => {
                let rows = self.session.settings().into_iter().map(|(k, v)| vec![Some(format!("{k}={v}"))]);
                text_rows(&["set"], rows.collect())
            }
        }
    }

    async fn drop_it(&self, what: DropWhat, name: &Name, if_exists: bool, cascade: bool) -> Result<Answer, HiveError> {
        use doorstep_lake::catalog::TableKind;
        self.may_change("drop databases, tables and views")?;
        let catalog = self.engine.catalog();
        if what == DropWhat::Database {
            catalog.drop_database(self.session.tenant(), &name.name, if_exists, cascade).await?;
            if self.session.database() == name.name {
                self.session.use_database(doorstep_lake::catalog::DEFAULT_DATABASE);
            }
            return Ok(Answer::done());
        }
        let table = match self.table(name).await {
            Ok(table) => table,
            Err(HiveError::Lake(LakeError::Unknown { .. })) if if_exists => return Ok(Answer::done()),
            Err(error) => return Err(error),
        };
        let view = table.kind == TableKind::View;
        if view != (what == DropWhat::View) {
            let (is, fix) = if view { ("a view", "write DROP VIEW") } else { ("a table", "write DROP TABLE") };
            return Err(HiveError::invalid(format!("{name} is {is}"), fix));
        }
        catalog.drop_table(self.session.tenant(), &table).await?;
        self.session.disown(&table);
        Ok(Answer::done())
    }
}

fn unknown_database(all: &Holdings, name: &str) -> HiveError {
    let near = doorstep_lake::catalog::nearest(name, all.databases.keys().map(String::as_str));
    LakeError::Unknown { what: "database", name: name.to_owned(), near }.into()
}
