//! The extended protocol: statements are prepared, get their values, and are run in pieces.

use std::sync::Arc;

use bytes::Bytes;
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::data::NoData;
use pgwire::messages::extendedquery::{BindComplete, CloseComplete, ParseComplete};
use tokio::io::AsyncWrite;

use super::portal::{Portal, Prepared, State, Work, formats};
use super::session::{Session, no_such};
use crate::PgError;
use crate::sql::{Action, bind, literal, null_of, pieces};
use crate::wire::Of;

impl<W: AsyncWrite + Unpin + Send> Session<W> {
    pub(super) async fn parse(&mut self, name: String, text: &str, said: &[u32]) -> Result<(), PgError> {
        self.at = None;
        let mut pieces = pieces(text)?;
        if pieces.len() > 1 {
            let reason = "a prepared statement is one statement, not several".to_owned();
            return Err(PgError::Syntax { reason, place: None, fix: Some("send them one by one".to_owned()) });
        }
        if !name.is_empty() {
            if self.statements.contains_key(&name) {
                let reason = format!("there is a prepared statement {name:?} already");
                return Err(PgError::invalid("42P05", reason, "close it first, or choose another name"));
            }
            let most = self.shared.config.statements;
            if self.statements.len() >= most {
                let reason = format!("more than {most} statements are prepared");
                return Err(PgError::invalid("54000", reason, "close some first"));
            }
        }
        let prepared = self.prepare(pieces.pop(), said).await?;
        self.statements.insert(name, Arc::new(prepared));
        self.output.say(&Reply::ParseComplete(ParseComplete::new()))
    }

    pub(super) fn bind(
        &mut self,
        name: String,
        statement: &str,
        codes: &[i16],
        values: &[Option<Bytes>],
        results: Vec<i16>,
    ) -> Result<(), PgError> {
        let prepared = Arc::clone(self.statement(statement)?);
        self.at.clone_from(&prepared.piece);
        let types = &prepared.types;
        if values.len() != types.len() {
            let reason = format!("{} values are bound to a statement of {} parameters", values.len(), types.len());
            return Err(PgError::invalid("08P01", reason, "bind as many as there are"));
        }
        let codes = formats(codes, values.len())?;
        let each = types.iter().zip(&codes).zip(values).enumerate();
        let literals = each.map(|(n, ((of, format), value))| literal(n + 1, of, *format, value.as_deref()));
        let bound = bound(&prepared, &literals.collect::<Result<Vec<_>, _>>()?)?;
        if !name.is_empty() {
            if self.portals.contains_key(&name) {
                let reason = format!("there is a portal {name:?} already");
                return Err(PgError::invalid("42P03", reason, "close it first, or choose another name"));
            }
            self.room_for_portals()?;
        }
        let portal = Portal { prepared, bound, codes: results, state: State::Fresh, cursor: false, hold: false };
        self.portals.insert(name, portal);
        self.output.say(&Reply::BindComplete(BindComplete::new()))
    }

    pub(super) async fn describe(&mut self, of: Of, name: &str) -> Result<(), PgError> {
        let (schema, codes) = match of {
            Of::Statement => {
                let prepared = Arc::clone(self.statement(name)?);
                self.at.clone_from(&prepared.piece);
                self.output.parameters(prepared.types.iter().map(|of| of.oid()).collect())?;
                // The types of its columns follow from those of its parameters, not from their values.
                let nulls: Vec<_> = prepared.types.iter().map(null_of).collect();
                let schema = match (&prepared.action, bound(&prepared, &nulls)?) {
                    (Action::Run, Some(work)) if work.rows => Some(self.shape(&work).await?),
                    (Action::Show(_) | Action::Fetch(..), _) => {
                        let (prepared, state, codes) = (Arc::clone(&prepared), State::Fresh, Vec::new());
                        let mut portal = Portal { prepared, bound: None, codes, state, cursor: false, hold: false };
                        self.begin(&mut portal).await?
                    }
                    _ => None,
                };
                (schema, Vec::new())
            }
            Of::Portal => {
                let mut portal = self.portals.remove(name).ok_or_else(|| no_such("34000", "portal", name))?;
                let schema = self.begin(&mut portal).await?;
                let codes = portal.codes.clone();
                self.portals.insert(name.to_owned(), portal);
                (schema, codes)
            }
        };
        match schema {
            Some(schema) => self.columns(&schema, &codes),
            None => self.output.say(&Reply::NoData(NoData::new())),
        }
    }

    pub(super) async fn execute(&mut self, name: &str, rows: i32) -> Result<(), PgError> {
        // It comes back unless it fails.
        let mut portal = self.portals.remove(name).ok_or_else(|| no_such("34000", "portal", name))?;
        let most = usize::try_from(rows).ok().filter(|rows| *rows > 0);
        self.at.clone_from(&portal.prepared.piece);
        self.hand_out(&mut portal, most).await?;
        self.portals.insert(name.to_owned(), portal);
        Ok(())
    }

    pub(super) fn close(&mut self, of: Of, name: &str) -> Result<(), PgError> {
        match of {
            Of::Statement => drop(self.statements.remove(name)),
            Of::Portal => drop(self.portals.remove(name)),
        }
        self.output.say(&Reply::CloseComplete(CloseComplete::new()))
    }

    fn statement(&self, name: &str) -> Result<&Arc<Prepared>, PgError> {
        self.statements.get(name).ok_or_else(|| no_such("26000", "prepared statement", name))
    }
}

/// A statement's work with literals for its parameters.
fn bound(prepared: &Prepared, literals: &[datafusion::sql::sqlparser::ast::Expr]) -> Result<Option<Work>, PgError> {
    let Some(work) = &prepared.work else { return Ok(None) };
    let parsed = work.parsed.as_ref().map(|parsed| bind(parsed, literals)).transpose()?;
    Ok(Some(Work { parsed, ..work.clone() }))
}
