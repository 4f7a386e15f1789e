//! A session: its settings and its transaction, and what it does with each message.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use doorstep_lake::Session as Lake;
use doorstep_lake::catalog::BUILT_IN_DATABASE;
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::response::{EmptyQueryResponse, TransactionStatus};
use tokio::io::AsyncWrite;
use tokio::sync::OwnedSemaphorePermit;

use super::cancel::Place;
use super::connection::{IDLE, Shared};
use super::enter::Entered;
use super::output::Output;
use super::portal::{Portal, Prepared, State};
use super::settings::Settings;
use crate::catalogue::About;
use crate::sql::{Action, Piece, pieces};
use crate::wire::Message;
use crate::{PgError, metrics};

/// See the module's head.
pub(super) struct Session<W> {
    pub(super) shared: Arc<Shared>,
    pub(super) output: Output<W>,
    pub(super) lake: Lake,
    pub(super) settings: Settings,
    pub(super) statements: HashMap<String, Arc<Prepared>>,
    pub(super) portals: HashMap<String, Portal>,
    pub(super) status: TransactionStatus,
    /// Whether something was written since the transaction began.
    pub(super) wrote: bool,
    /// The statement that is worked at: places are told in it.
    pub(super) at: Option<Piece>,
    place: Place,
    _permit: OwnedSemaphorePermit,
}

impl<W: AsyncWrite + Unpin + Send> Session<W> {
    pub(super) fn new(shared: Arc<Shared>, entered: Entered, output: Output<W>) -> Self {
        let Entered { lake, settings, place, permit } = entered;
        Self {
            shared,
            output,
            lake,
            settings,
            statements: HashMap::new(),
            portals: HashMap::new(),
            status: IDLE,
            wrote: false,
            at: None,
            place,
            _permit: permit,
        }
    }

    /// Does what a message asks, unless it is called off.
    pub(super) async fn answer(&mut self, message: Message) -> Result<(), PgError> {
        let mut asked = self.place.asked.clone();
        // What was called off before this is over already.
        asked.mark_unchanged();
        tokio::select! {
            biased;
            Ok(()) = asked.changed() => Err(PgError::Cancelled),
            done = self.carry_out(message) => done,
        }
    }

    async fn carry_out(&mut self, message: Message) -> Result<(), PgError> {
        match message {
            Message::Query(text) => self.query(&text).await,
            Message::Parse { name, query, types } => self.parse(name, &query, &types).await,
            Message::Bind { portal, statement, formats, values, results } => {
                self.bind(portal, &statement, &formats, &values, results)
            }
            Message::Describe(of, name) => self.describe(of, &name).await,
            Message::Execute { portal, rows } => self.execute(&portal, rows).await,
            Message::Close(of, name) => self.close(of, &name),
            Message::Flush => self.output.flush().await,
            // Handled by whoever reads the messages.
            Message::Sync | Message::Terminate => Ok(()),
            // What is left of a COPY that was refused.
            Message::Copy => Ok(()),
            Message::Password(_) => Err(PgError::Protocol("a password was not asked for".to_owned())),
        }
    }

    /// Carries out the statements of a text one after the other, until one fails.
    async fn query(&mut self, text: &str) -> Result<(), PgError> {
        self.at = None;
        // Not bound to any statement, so it ends with the text.
        self.portals.remove("");
        let pieces = pieces(text)?;
        if pieces.is_empty() {
            return self.output.say(&Reply::EmptyQueryResponse(EmptyQueryResponse::new()));
        }
        for piece in pieces {
            let prepared = self.prepare(Some(piece), &[]).await?;
            if !prepared.types.is_empty() {
                let fix = "use the extended protocol, or write the values into the statement";
                return Err(PgError::invalid("42P02", "a simple query has no values for parameters", fix));
            }
            let mut portal = Portal {
                bound: prepared.work.clone(),
                prepared: Arc::new(prepared),
                codes: Vec::new(),
                state: State::Fresh,
                cursor: false,
                hold: false,
            };
            if let Some(schema) = self.begin(&mut portal).await? {
                self.columns(&schema, &[])?;
            }
            self.hand_out(&mut portal, None).await?;
        }
        Ok(())
    }

    /// Tells an error. A transaction has failed with it.
    pub(super) fn failed(&mut self, error: &PgError) -> Result<(), PgError> {
        tracing::debug!(%error, "a statement of a PostgreSQL client failed");
        let at = self.at.take();
        let kind = at.as_ref().and_then(|piece| piece.word(0)).unwrap_or_default();
        let kind = if KINDS.contains(&kind.as_str()) { kind } else { "OTHER".to_owned() };
        ::metrics::counter!(metrics::STATEMENTS, "kind" => kind, "end" => "failed").increment(1);
        let info = error.info(false, |place| at.as_ref().map_or(1, |piece| piece.position(place)));
        if self.status == TransactionStatus::Transaction {
            self.status = TransactionStatus::Error;
        }
        self.output.failure(info)
    }

    /// The end of a text.
    pub(super) async fn ready(&mut self) -> Result<(), PgError> {
        self.output.ready(self.status)?;
        self.output.flush().await
    }

    /// The end of a series. Portals end with their transaction.
    pub(super) async fn sync(&mut self) -> Result<(), PgError> {
        self.at = None;
        if self.status == IDLE {
            self.portals.retain(|_, portal| portal.cursor);
        } else {
            self.portals.remove("");
        }
        self.ready().await
    }

    /// Gives up rows that nobody fetches: they hold a place among the running queries.
    pub(super) fn give_up(&mut self) {
        for portal in self.portals.values_mut() {
            if matches!(portal.state, State::Open(_)) {
                ::metrics::counter!(metrics::GIVEN_UP).increment(1);
                portal.state = State::GivenUp;
            }
        }
    }

    /// What the session knows of itself, for questions about it.
    pub(super) fn about(&self) -> About {
        let settings: BTreeMap<String, String> =
            self.settings.all().into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        About { user: self.lake.principal().key.to_string(), process: self.place.process, settings }
    }

    /// Does what is asked about the session; the words that say so.
    pub(super) async fn govern(&mut self, action: &Action) -> Result<&'static str, PgError> {
        Ok(match action {
            Action::Begin => {
                if self.status == IDLE {
                    (self.status, self.wrote) = (TransactionStatus::Transaction, false);
                } else {
                    self.output.notice("25001", "there is a transaction in progress already")?;
                }
                "BEGIN"
            }
            Action::Commit => {
                let failed = self.status == TransactionStatus::Error;
                self.end_transaction()?;
                if failed { "ROLLBACK" } else { "COMMIT" }
            }
            Action::Rollback => {
                self.warn_of_writes()?;
                self.end_transaction()?;
                "ROLLBACK"
            }
            Action::RollbackTo => {
                self.warn_of_writes()?;
                if self.status == TransactionStatus::Error {
                    self.status = TransactionStatus::Transaction;
                }
                "ROLLBACK"
            }
            Action::Set(name, value) => {
                let told = self.settings.set(name, value)?;
                self.tell(told)?;
                if name == "search_path" {
                    self.follow(value).await?;
                }
                "SET"
            }
            Action::Reset(Some(name)) => {
                let told = self.settings.reset(name)?;
                self.tell(told)?;
                "RESET"
            }
            Action::Reset(None) => {
                let told = self.settings.reset_all();
                self.tell(told)?;
                "RESET"
            }
            Action::Discard => {
                let told = self.settings.reset_all();
                self.tell(told)?;
                self.statements.clear();
                self.portals.clear();
                self.lake.let_tables_go().await;
                "DISCARD ALL"
            }
            Action::Deallocate(name) => {
                match name {
                    Some(name) => {
                        let gone = self.statements.remove(name);
                        gone.ok_or_else(|| no_such("26000", "prepared statement", name))?;
                    }
                    None => self.statements.clear(),
                }
                "DEALLOCATE"
            }
            Action::Close(name) => {
                match name {
                    Some(name) => {
                        let gone = self.portals.remove(name);
                        gone.ok_or_else(|| no_such("34000", "cursor", name))?;
                    }
                    None => self.portals.retain(|_, portal| !portal.cursor),
                }
                "CLOSE CURSOR"
            }
            Action::Nothing(tag) => tag,
            _ => "DONE",
        })
    }

    fn warn_of_writes(&mut self) -> Result<(), PgError> {
        if !self.wrote || self.status == IDLE {
            return Ok(());
        }
        self.output.notice("01000", "each statement is a transaction of its own: what was written stays written")
    }

    fn end_transaction(&mut self) -> Result<(), PgError> {
        if self.status == IDLE {
            self.output.notice("25P01", "there is no transaction in progress")?;
        }
        self.portals.retain(|_, portal| portal.hold);
        (self.status, self.wrote) = (IDLE, false);
        Ok(())
    }

    fn tell(&mut self, changed: impl IntoIterator<Item = (String, String)>) -> Result<(), PgError> {
        changed.into_iter().try_for_each(|(name, value)| self.output.setting(name, value))
    }

    /// The first of a search path's names that is a database of the lake is where bare names are looked up.
    async fn follow(&mut self, path: &str) -> Result<(), PgError> {
        let there = self.shared.engine.catalog().holdings(self.lake.tenant()).await?;
        let names = path.split(',').map(|name| name.trim().trim_matches('"'));
        let mut known = names.filter(|name| *name == BUILT_IN_DATABASE || there.databases.contains_key(*name));
        if let Some(name) = known.next() {
            self.lake.use_database(name);
        }
        Ok(())
    }
}

/// Words with which statements begin, as metrics tell them apart.
const KINDS: &[&str] = &[
    "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "EXPLAIN", "SHOW", "SET", "BEGIN",
    "COMMIT", "ROLLBACK", "DECLARE", "FETCH", "TRUNCATE",
];

/// Something named that is not there.
pub(super) fn no_such(state: &'static str, what: &str, name: &str) -> PgError {
    PgError::invalid(state, format!("there is no {what} {name:?}"), "it was closed, or never made")
}
