//! Statements at work: read, begun, and their rows handed out.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::config::Dialect;
use doorstep_lake::{Engine as _, Limits, Statement};
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::extendedquery::PortalSuspended;
use pgwire::messages::response::{EmptyQueryResponse, TransactionStatus};
use tokio::io::AsyncWrite;

use super::portal::{Open, Portal, Prepared, State, Work, described, formats};
use super::session::{Session, no_such};
use crate::catalogue::{self, Found};
use crate::cells::Rows;
use crate::sql::{Action, Count, Piece, count, count_rows, kind_of, read, type_names};
use crate::{PgError, metrics};

impl<W: AsyncWrite + Unpin + Send> Session<W> {
    /// Reads a statement; `said` are types of its parameters as far as the client says.
    pub(super) async fn prepare(&mut self, piece: Option<Piece>, said: &[u32]) -> Result<Prepared, PgError> {
        self.at.clone_from(&piece);
        let Some(read_as) = &piece else {
            return Ok(Prepared { piece, action: Action::Empty, work: None, types: Vec::new() });
        };
        let action = read(read_as)?;
        if self.status == TransactionStatus::Error
            && !matches!(action, Action::Commit | Action::Rollback | Action::RollbackTo)
        {
            return Err(PgError::Failed);
        }
        let from = match &action {
            Action::Run => 0,
            Action::Declare { query, .. } => *query,
            _ => return Ok(Prepared { piece, action, work: None, types: Vec::new() }),
        };
        let work = self.read(read_as, from).await?;
        if from > 0 && !work.rows {
            return Err(PgError::invalid("42P11", "a cursor is over a query", "write SELECT behind FOR"));
        }
        let parameters = count(read_as)?;
        let open = (0..parameters).any(|n| said.get(n).is_none_or(|oid| *oid == 0));
        let mut told = match &work.parsed {
            Some(parsed) if open && !work.catalogue => self.shared.engine.placeholders(&self.lake, parsed).await?,
            _ => Default::default(),
        };
        if let Some(parsed) = work.parsed.as_ref().filter(|_| open) {
            count_rows(parsed, &mut told);
        }
        let types = type_names(parameters, said, &told);
        Ok(Prepared { piece, action, work: Some(work), types })
    }

    /// Reads a statement of the lake's, which begins at a byte of what was sent.
    async fn read(&mut self, piece: &Piece, from: usize) -> Result<Work, PgError> {
        // What stands in front of it becomes blanks, so that places stay true.
        let blank = |c: char| if c == '\n' { c } else { ' ' };
        let before: String = piece.text[..from].chars().map(blank).collect();
        let text = format!("{before}{}", &piece.text[from..]);
        // What no parser knows goes to the lake as text.
        if let Some(rows) = doorstep_lake::reads_itself(text.trim_start()) {
            let tag = if rows { "SELECT" } else { "DONE" };
            return Ok(Work { text, parsed: None, rows, tag, catalogue: false });
        }
        let engine = &self.shared.engine;
        if catalogue::concerns(&piece.tokens)
            && let Ok(parsed) = engine.read(&self.lake, &text, Some(Dialect::PostgreSQL)).await
        {
            let (rows, tag) = kind_of(&parsed);
            return Ok(Work { text, parsed: Some(parsed), rows, tag, catalogue: tag == "SELECT" });
        }
        let parsed = engine.read(&self.lake, &text, None).await.map_err(PgError::reading)?;
        let (rows, tag) = kind_of(&parsed);
        Ok(Work { text, parsed: Some(parsed), rows, tag, catalogue: false })
    }

    /// Starts a statement of the lake's.
    async fn open(&mut self, work: &Work) -> Result<Open, PgError> {
        let text = work.text.clone();
        let statement = match &work.parsed {
            Some(parsed) if work.catalogue => {
                match catalogue::find(&self.shared.engine, &self.lake, self.about(), parsed.clone()).await? {
                    Found::Plan(plan) => Statement::Planned { text, plan },
                    Found::Rows(batch) => return Ok(Open::ready(batch, work.tag)),
                }
            }
            Some(parsed) => Statement::Parsed { text, statement: Box::new(parsed.clone()) },
            None => Statement::Sql(text),
        };
        let limits = Limits { time: self.settings.statement_time(), ..Limits::default() };
        Ok(Open::running(self.shared.engine.execute(&self.lake, statement, limits).await?, work.tag))
    }

    /// The columns of a statement that is not run.
    pub(super) async fn shape(&mut self, work: &Work) -> Result<SchemaRef, PgError> {
        // Of the others there is no plan, and they change nothing.
        let Some(parsed) = work.parsed.as_ref().filter(|_| work.tag == "SELECT" && !work.catalogue) else {
            return Ok(self.open(work).await?.schema);
        };
        let statement = Statement::Parsed { text: work.text.clone(), statement: Box::new(parsed.clone()) };
        Ok(self.shared.engine.plan(&self.lake, &statement).await?.schema)
    }

    /// Starts what has rows, so that its columns are known; nothing for what has none.
    pub(super) async fn begin(&mut self, portal: &mut Portal) -> Result<Option<SchemaRef>, PgError> {
        self.at.clone_from(&portal.prepared.piece);
        match &portal.state {
            State::Open(open) => return Ok(Some(open.schema.clone())),
            State::Done(schema) => return Ok((!schema.fields().is_empty()).then(|| schema.clone())),
            State::GivenUp => return Err(PgError::GivenUp(self.shared.config.portal_idle.as_secs())),
            State::Fresh => {}
        }
        let open = match &portal.prepared.action {
            Action::Run => match &portal.bound {
                Some(work) if work.rows => self.open(work).await?,
                _ => return Ok(None),
            },
            Action::Show(name) => self.shown(name.as_deref())?,
            // A cursor's rows stay with the cursor.
            Action::Fetch(name, _) => return self.cursor(name).map(|(_, schema)| Some(schema)),
            _ => return Ok(None),
        };
        let schema = open.schema.clone();
        portal.state = State::Open(open);
        Ok(Some(schema))
    }

    /// Hands out a portal's rows, at most `most`, or does what it has no rows for.
    pub(super) async fn hand_out(&mut self, portal: &mut Portal, most: Option<usize>) -> Result<(), PgError> {
        let action = portal.prepared.action.clone();
        let tag = match &action {
            Action::Empty => return self.output.say(&Reply::EmptyQueryResponse(EmptyQueryResponse::new())),
            Action::Fetch(name, count) | Action::Move(name, count) => {
                let shown = matches!(action, Action::Fetch(..));
                let rows = self.fetch_from(name, *count, &portal.codes, shown).await?;
                format!("{} {rows}", if shown { "FETCH" } else { "MOVE" })
            }
            Action::Declare { name, hold, .. } => {
                let (prepared, bound) = (portal.prepared.clone(), portal.bound.clone());
                self.declare(prepared, bound, name, *hold).await?;
                "DECLARE CURSOR".to_owned()
            }
            Action::Run | Action::Show(_) => {
                self.begin(portal).await?;
                match std::mem::replace(&mut portal.state, State::Fresh) {
                    State::Open(mut open) => {
                        let (rows, more) = self.send(&mut open, &portal.codes, most, true).await?;
                        if more {
                            portal.state = State::Open(open);
                            return self.output.say(&Reply::PortalSuspended(PortalSuspended::new()));
                        }
                        portal.state = State::Done(open.schema.clone());
                        if open.tag == "SELECT" { format!("SELECT {rows}") } else { open.tag.to_owned() }
                    }
                    State::Done(schema) => {
                        portal.state = State::Done(schema);
                        "SELECT 0".to_owned()
                    }
                    _ => self.write(portal).await?,
                }
            }
            other => self.govern(other).await?.to_owned(),
        };
        let kind = tag.split(' ').next().unwrap_or_default().to_owned();
        ::metrics::counter!(metrics::STATEMENTS, "kind" => kind, "end" => "done").increment(1);
        self.output.complete(tag)
    }

    /// Carries out what has no rows; the words that say so.
    async fn write(&mut self, portal: &mut Portal) -> Result<String, PgError> {
        let Some(work) = &portal.bound else { return Ok("DONE".to_owned()) };
        let written = self.open(work).await?.finish().await?.unwrap_or(0);
        self.wrote = true;
        portal.state = State::Done(SchemaRef::new(Schema::empty()));
        Ok(match work.tag {
            "INSERT" => format!("INSERT 0 {written}"),
            "UPDATE" | "DELETE" | "MERGE" | "SELECT" => format!("{} {written}", work.tag),
            "DONE" => portal.prepared.piece.as_ref().and_then(|piece| piece.word(0)).unwrap_or_default(),
            tag => tag.to_owned(),
        })
    }

    /// Sends rows until there are `most`; how many, and whether there may be more.
    async fn send(
        &mut self,
        open: &mut Open,
        codes: &[i16],
        most: Option<usize>,
        shown: bool,
    ) -> Result<(usize, bool), PgError> {
        let formats = formats(codes, open.schema.fields().len())?;
        let zone = self.settings.zone().clone();
        let (most, mut sent) = (most.unwrap_or(usize::MAX), 0);
        while sent < most {
            let Some(batch) = open.next().await? else { return Ok((sent, false)) };
            let (mut rows, mut written) = (Rows::new(&batch, &formats)?, 0);
            if !shown {
                written = batch.num_rows().min(most - sent);
            }
            while shown && !rows.is_empty() && sent + written < most {
                let room = self.output.room();
                written += rows.write(most - sent - written, room.max(1), &zone, self.output.gathered());
                if self.output.room() == 0 {
                    self.output.flush().await?;
                }
            }
            sent += written;
            ::metrics::counter!(metrics::ROWS).increment(written as u64);
            if written < batch.num_rows() {
                open.put_back(batch.slice(written, batch.num_rows() - written));
            }
        }
        Ok((sent, true))
    }

    /// Describes columns.
    pub(super) fn columns(&mut self, schema: &Schema, codes: &[i16]) -> Result<(), PgError> {
        let formats = formats(codes, schema.fields().len())?;
        self.output.columns(described(schema, &formats))
    }

    fn shown(&self, name: Option<&str>) -> Result<Open, PgError> {
        // Until somebody sets a path, it is the database.
        let path = |(name, value): (String, String)| {
            let value = if name == "search_path" && value.is_empty() { self.lake.database() } else { value };
            (name, value)
        };
        match name {
            Some(name) => {
                let found = self.settings.get(name).map(path).ok_or_else(|| {
                    PgError::invalid("42704", format!("there is no setting {name:?}"), "see SHOW ALL")
                })?;
                Open::texts(&[found.0.as_str()], vec![vec![found.1]], "SHOW")
            }
            None => {
                let rows = self.settings.all().into_iter().map(path).map(|(name, value)| vec![name, value]);
                Open::texts(&["name", "setting"], rows.collect(), "SHOW")
            }
        }
    }

    async fn declare(
        &mut self,
        prepared: Arc<Prepared>,
        bound: Option<Work>,
        name: &str,
        hold: bool,
    ) -> Result<(), PgError> {
        if self.portals.contains_key(name) {
            let reason = format!("there is a cursor {name:?} already");
            return Err(PgError::invalid("42P03", reason, "close it first, or choose another name"));
        }
        self.room_for_portals()?;
        let Some(work) = bound else { return Err(no_such("34000", "query of the cursor", name)) };
        let (state, codes) = (State::Open(self.open(&work).await?), Vec::new());
        self.portals.insert(name.to_owned(), Portal { prepared, bound: None, codes, state, cursor: true, hold });
        Ok(())
    }

    /// A cursor's portal and its columns.
    fn cursor(&mut self, name: &str) -> Result<(&mut Portal, SchemaRef), PgError> {
        let given_up = PgError::GivenUp(self.shared.config.portal_idle.as_secs());
        let portal = self.portals.get_mut(name).ok_or_else(|| no_such("34000", "cursor", name))?;
        let schema = match &portal.state {
            State::Open(open) => open.schema.clone(),
            State::Done(schema) => schema.clone(),
            State::GivenUp => return Err(given_up),
            State::Fresh => return Err(no_such("34000", "cursor with rows", name)),
        };
        Ok((portal, schema))
    }

    async fn fetch_from(&mut self, name: &str, count: Count, codes: &[i16], shown: bool) -> Result<usize, PgError> {
        let most = match count {
            Count::Rows(rows) => Some(rows),
            Count::All => None,
        };
        let (portal, schema) = self.cursor(name)?;
        let State::Open(mut open) = std::mem::replace(&mut portal.state, State::Done(schema)) else { return Ok(0) };
        let (rows, more) = self.send(&mut open, codes, most, shown).await?;
        if more && let Some(portal) = self.portals.get_mut(name) {
            portal.state = State::Open(open);
        }
        Ok(rows)
    }

    /// Refuses one more portal than a session may have.
    pub(super) fn room_for_portals(&self) -> Result<(), PgError> {
        let most = self.shared.config.statements;
        if self.portals.len() >= most {
            return Err(PgError::invalid("54000", format!("more than {most} portals are open"), "close some first"));
        }
        Ok(())
    }
}
