//! The calls of TCLIService, one function each: fields in, fields out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use doorstep_identity::Principal;

use super::connection::Shared;
use super::handle::Handle;
use super::operation::{Failure, Kind, Operation};
use super::session::Session;
use super::{info, metadata};
use crate::cells::{TypeId, write_column};
use crate::run::{Answer, ColumnShown};
use crate::thrift::{self, Call, Fields, Writer};
use crate::{HiveError, hiveql};

/// The newest protocol that is spoken (V10), and the oldest: rows come in columns since V6.
const NEWEST: i64 = 9;
const OLDEST: i64 = 5;
/// How long a question for the state of a running operation is kept waiting, so that clients do not spin.
const LINGER: Duration = Duration::from_millis(500);

/// Everything that one connection has open.
pub(super) struct Calls {
    shared: Arc<Shared>,
    principal: Principal,
    sessions: HashMap<Handle, Session>,
}

type Body = Box<dyn FnOnce(&mut Writer) + Send>;

/// Status: success, and nothing else.
fn success(writer: &mut Writer) {
    writer.structure(1, |w| w.i32(1, 0));
}

fn fails(failure: Failure) -> Body {
    Box::new(move |writer| {
        writer.structure(1, |w| {
            w.i32(1, 3);
            // What clients show: the first line is the message.
            w.texts(2, [failure.message.as_str()]);
            w.text(3, failure.state);
            w.i32(4, failure.code);
            w.text(5, &failure.message);
        });
    })
}

fn done() -> Result<Body, HiveError> {
    Ok(Box::new(success))
}

impl Calls {
    pub(super) fn new(shared: Arc<Shared>, principal: Principal) -> Self {
        Self { shared, principal, sessions: HashMap::new() }
    }

    /// The answer to a call; nothing when there is no such call.
    pub(super) async fn answer(&mut self, call: &Call) -> Option<Vec<u8>> {
        let request = &call.request;
        let answered = match call.name.as_str() {
            "OpenSession" => self.open_session(request),
            "CloseSession" => self.close_session(request),
            "GetInfo" => self.get_info(request),
            "ExecuteStatement" => self.execute(request).await,
            "GetTypeInfo" | "GetCatalogs" | "GetSchemas" | "GetTables" | "GetTableTypes" | "GetColumns"
            | "GetFunctions" | "GetPrimaryKeys" | "GetCrossReference" => self.metadata(&call.name, request).await,
            "GetOperationStatus" => self.operation_status(request).await,
            "CancelOperation" => self.operation(request).and_then(|operation| {
                operation.cancel();
                done()
            }),
            "CloseOperation" => self.close_operation(request),
            "GetResultSetMetadata" => self.result_metadata(request).await,
            "FetchResults" => self.fetch(request).await,
            "GetQueryId" => self.operation(request).map(|operation| {
                let id = operation.query_id();
                Box::new(move |w: &mut Writer| w.text(1, &id)) as Body
            }),
            "SetClientInfo" => self.session(request).and_then(|_| done()),
            "GetDelegationToken" | "CancelDelegationToken" | "RenewDelegationToken" => {
                Err(HiveError::unsupported("a delegation token", "connect with an access key and its secret"))
            }
            _ => return None,
        };
        let body = answered.unwrap_or_else(|error| fails(Failure::from(&error)));
        Some(thrift::reply(&call.name, call.sequence, body))
    }

    /// Gives up rows that nobody fetches any more.
    pub(super) fn give_up_idle(&self) {
        let idle = self.shared.config.operation_idle;
        self.sessions.values().for_each(|session| session.give_up_after(idle));
    }

    fn session(&mut self, request: &Fields) -> Result<&mut Session, HiveError> {
        let handle = Handle::read(request.structure(1).structure(1)).ok_or(HiveError::NoHandle("session"))?;
        self.sessions.get_mut(&handle).ok_or(HiveError::NoHandle("session"))
    }

    fn operation(&self, request: &Fields) -> Result<Arc<Operation>, HiveError> {
        let handle = Handle::read(request.structure(1).structure(1)).ok_or(HiveError::NoHandle("operation"))?;
        let found = self.sessions.values().find_map(|session| session.operation(&handle));
        let operation = found.cloned().ok_or(HiveError::NoHandle("operation"))?;
        operation.wanted();
        Ok(operation)
    }

    fn open_session(&mut self, request: &Fields) -> Result<Body, HiveError> {
        let asked = request.int(1).ok_or(HiveError::Request { call: "OpenSession", field: "client_protocol" })?;
        if asked < OLDEST {
            return Err(HiveError::unsupported("a protocol before V6", "use a client of Hive 0.13 or later"));
        }
        let most = self.shared.config.sessions;
        if self.sessions.len() >= most {
            return Err(HiveError::TooMany { what: "sessions of a connection", most });
        }
        let lake = self.shared.runner.session(self.principal.clone());
        for (name, value) in request.pairs(4).take(1_000).filter(|(n, v)| n.len() + v.len() < 10_000) {
            match name {
                "use:database" => lake.use_database(&value.to_lowercase()),
                _ => {
                    let name = name.strip_prefix("set:hiveconf:").or_else(|| name.strip_prefix("set:")).unwrap_or(name);
                    if !name.starts_with("datafusion.") {
                        lake.set(name, value);
                    }
                }
            }
        }
        let handle = drawn()?;
        self.sessions.insert(handle, Session::new(lake));
        let protocol = i32::try_from(asked.min(NEWEST)).unwrap_or(9);
        Ok(Box::new(move |w| {
            success(w);
            w.i32(2, protocol);
            w.structure(3, |w| handle.write(w, 1));
            w.text_map(4, [("hive.server2.thrift.resultset.default.fetch.size", "1000")]);
        }))
    }

    fn close_session(&mut self, request: &Fields) -> Result<Body, HiveError> {
        let handle = Handle::read(request.structure(1).structure(1)).ok_or(HiveError::NoHandle("session"))?;
        self.sessions.remove(&handle).ok_or(HiveError::NoHandle("session"))?;
        done()
    }

    fn get_info(&mut self, request: &Fields) -> Result<Body, HiveError> {
        let user = self.session(request)?.lake.principal().key.to_string();
        let asked = request.int(2).ok_or(HiveError::Request { call: "GetInfo", field: "infoType" })?;
        let value = info::value(asked, &user)?;
        Ok(Box::new(move |w| {
            success(w);
            w.structure(2, |w| value.write(w));
        }))
    }

    async fn execute(&mut self, request: &Fields) -> Result<Body, HiveError> {
        let (most, runner) = (self.shared.config.operations, self.shared.runner.clone());
        let session = self.session(request)?;
        let text =
            request.text(2).ok_or(HiveError::Request { call: "ExecuteStatement", field: "statement" })?.to_owned();
        session.room(most)?;
        let statement = runner.read(&session.lake, &text)?;
        let time = request.int(5).and_then(|s| u64::try_from(s).ok()).filter(|s| *s > 0).map(Duration::from_secs);
        let (has_rows, word) = (statement.has_rows(), statement.kind());
        let lake = session.lake.clone();
        let work = async move { runner.run(&lake, &text, statement, time).await };
        let operation = Operation::spawn(drawn()?, has_rows, word, time, work);
        session.keep(Arc::clone(&operation));
        if !request.flag(4) {
            operation.settled().await;
            if let Some(failure) = operation.failure() {
                session.close(&operation.handle);
                return Ok(fails(failure));
            }
        }
        Ok(opened(&operation))
    }

    async fn metadata(&mut self, call: &str, request: &Fields) -> Result<Body, HiveError> {
        let (most, runner) = (self.shared.config.operations, self.shared.runner.clone());
        let session = self.session(request)?;
        session.room(most)?;
        let (kind, answer): (Kind, Answer) = metadata::answer(&runner, &session.lake, call, request).await?;
        let operation = Operation::ready(drawn()?, kind, answer).await;
        session.keep(Arc::clone(&operation));
        Ok(opened(&operation))
    }

    async fn operation_status(&self, request: &Fields) -> Result<Body, HiveError> {
        let operation = self.operation(request)?;
        let _ = tokio::time::timeout(LINGER, operation.settled()).await;
        Ok(Box::new(move |w| {
            success(w);
            w.i32(2, operation.phase() as i32);
            if let Some(failure) = operation.failure() {
                w.text(3, failure.state);
                w.i32(4, failure.code);
                w.text(5, &failure.message);
            }
            w.i64(7, operation.started_at);
            if let Some(at) = operation.ended_at() {
                w.i64(8, at);
            }
            w.bool(9, operation.has_rows);
            if let Some(written) = operation.written() {
                w.i64(11, i64::try_from(written).unwrap_or(i64::MAX));
            }
        }))
    }

    fn close_operation(&mut self, request: &Fields) -> Result<Body, HiveError> {
        let handle = Handle::read(request.structure(1).structure(1)).ok_or(HiveError::NoHandle("operation"))?;
        let closed = self.sessions.values_mut().find_map(|session| session.close(&handle));
        closed.ok_or(HiveError::NoHandle("operation"))?;
        done()
    }

    async fn result_metadata(&self, request: &Fields) -> Result<Body, HiveError> {
        let operation = self.operation(request)?;
        operation.settled().await;
        if let Some(failure) = operation.failure() {
            return Ok(fails(failure));
        }
        let columns = operation.columns();
        Ok(Box::new(move |w| {
            success(w);
            w.structure(2, |w| {
                let columns: Vec<(i32, &ColumnShown)> = (1..).zip(&columns).collect();
                w.structures(1, &columns, |w, (place, column)| {
                    w.text(1, &column.name);
                    w.structure(2, |w| w.structures(1, &[()], |w, ()| primitive(w, &column.data_type)));
                    w.i32(3, *place);
                    if let Some(comment) = &column.comment {
                        w.text(4, comment);
                    }
                });
            });
        }))
    }

    async fn fetch(&self, request: &Fields) -> Result<Body, HiveError> {
        let operation = self.operation(request)?;
        if request.int(4) == Some(1) {
            let lines = operation.log();
            return Ok(Box::new(move |w| log(w, &lines)));
        }
        let first = match request.int(2) {
            None | Some(0) => false,
            Some(4) => true,
            _ => return Err(HiveError::ForwardOnly),
        };
        let config = &self.shared.config;
        let wanted = request.int(3).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(1_000);
        let fetched = operation.fetch(wanted.min(config.fetch_rows), config.fetch_bytes, first).await?;
        let columns = operation.columns();
        let mut rows = Writer::new();
        let count = i32::try_from(columns.len()).unwrap_or(i32::MAX);
        rows.i64(1, i64::try_from(fetched.from).unwrap_or(0));
        rows.structures::<()>(2, &[], |_, ()| {});
        rows.list(3, thrift::kind::STRUCT, columns.len());
        for (at, column) in columns.iter().enumerate() {
            let id = TypeId::of(&column.data_type);
            match &fetched.batch {
                Some(batch) => write_column(&mut rows, batch.column(at), id)?,
                None => {
                    let none = arrow::array::new_empty_array(
                        &hiveql::arrow_type(&column.data_type).unwrap_or(arrow::datatypes::DataType::Null),
                    );
                    write_column(&mut rows, &none, id)?;
                }
            }
            rows.stop();
        }
        rows.i32(5, count);
        let more = fetched.more;
        Ok(Box::new(move |w| {
            success(w);
            w.bool(2, more);
            w.structure(3, |w| w.raw(&rows.into_bytes()));
        }))
    }
}

fn drawn() -> Result<Handle, HiveError> {
    Handle::draw().map_err(|e| HiveError::Lake(doorstep_lake::LakeError::Execution(format!("no randomness: {e}"))))
}

fn opened(operation: &Operation) -> Body {
    let (handle, kind, has_rows, written) = (operation.handle, operation.kind, operation.has_rows, operation.written());
    Box::new(move |w| {
        success(w);
        w.structure(2, |w| {
            handle.write(w, 1);
            w.i32(2, kind as i32);
            w.bool(3, has_rows);
            if let Some(written) = written {
                w.double(4, written as f64);
            }
        });
    })
}

/// TTypeEntry: Hive sends nested types as texts too.
fn primitive(w: &mut Writer, written: &str) {
    let id = TypeId::of(written);
    let numbers = written.strip_suffix(')').and_then(|w| w.split_once('(')).map(|(_, n)| n.to_owned());
    w.structure(1, |w| {
        w.i32(1, id.number());
        let Some(numbers) = numbers else { return };
        let number = |n: Option<&str>| n.and_then(|n| n.trim().parse::<i32>().ok()).unwrap_or(0);
        let mut parts = numbers.split(',');
        let pairs = match id {
            TypeId::Decimal => vec![("precision", number(parts.next())), ("scale", number(parts.next()))],
            TypeId::Varchar | TypeId::Char => vec![("characterMaximumLength", number(parts.next()))],
            _ => return,
        };
        w.structure(2, |w| w.struct_map(1, &pairs, |w, value| w.i32(1, *value)));
    });
}

/// The log of an operation: one column of lines.
fn log(w: &mut Writer, lines: &[String]) {
    success(w);
    w.bool(2, false);
    w.structure(3, |w| {
        w.i64(1, 0);
        w.structures::<()>(2, &[], |_, ()| {});
        w.structures(3, &[()], |w, ()| {
            w.structure(7, |w| {
                w.texts(1, lines.iter().map(String::as_str));
                w.bytes(2, &vec![0; lines.len().div_ceil(8)]);
            });
        });
        w.i32(5, 1);
    });
}
