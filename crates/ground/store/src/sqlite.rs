//! SQLite: one writer thread that commits in groups, reader threads beside it (WAL).

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, ErrorCode, ffi};

use crate::error::head;
use crate::job::{Job, Verdict};
use crate::metrics::{self, Kind};
use crate::migrate::{Batch, Migrator, migrate};
use crate::queue::Queue;
use crate::store::{Engine, StoreOptions, Work};
use crate::{Backend, Constraint, Migration, Row, StoreError, Tx, Value};

/// How long one process waits for another that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENT_CACHE: usize = 256;

pub(crate) fn open_file(path: &Path, migrations: &[Migration], options: &StoreOptions) -> Result<Engine, StoreError> {
    let failed = |reason: String| StoreError::Open { url: format!("sqlite://{}", path.display()), reason };
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| failed(format!("cannot make its folder: {e}")))?;
    }
    let connect = || Connection::open(path).and_then(prepare).map_err(|e| failed(e.to_string()));
    let mut writer = connect()?;
    migrate(&mut writer, migrations)?;

    let write = Arc::new(Queue::new(options.queue_limit));
    let read = Arc::new(Queue::new(options.queue_limit));
    let mut threads = vec![spawn("store-writer", writer, &write, options.group_limit, write_groups)?];
    for _ in 0..options.readers.max(1) {
        let reader = connect()?;
        reader.pragma_update(None, "query_only", true).map_err(|e| failed(e.to_string()))?;
        threads.push(spawn("store-reader", reader, &read, 1, read_each)?);
    }
    Ok(Engine { backend: Backend::Sqlite, write, read, threads })
}

/// One connection serves both kinds: a second one would see another, empty database.
pub(crate) fn open_memory(migrations: &[Migration], options: &StoreOptions) -> Result<Engine, StoreError> {
    let mut conn = Connection::open_in_memory()
        .and_then(prepare)
        .map_err(|e| StoreError::Open { url: "sqlite::memory:".to_owned(), reason: e.to_string() })?;
    migrate(&mut conn, migrations)?;
    let queue = Arc::new(Queue::new(options.queue_limit));
    let threads = vec![spawn("store-memory", conn, &queue, options.group_limit, write_groups)?];
    Ok(Engine { backend: Backend::Sqlite, write: Arc::clone(&queue), read: queue, threads })
}

fn prepare(conn: Connection) -> rusqlite::Result<Connection> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // FULL syncs the log at each commit: an answered transaction survives a power cut.
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    conn.pragma_update(None, "cache_size", -16_384)?;
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(conn)
}

fn spawn(
    name: &str,
    conn: Connection,
    queue: &Arc<Queue<Work>>,
    group_limit: usize,
    run: fn(&Connection, &Queue<Work>, usize),
) -> Result<thread::JoinHandle<()>, StoreError> {
    let queue = Arc::clone(queue);
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || run(&conn, &queue, group_limit.max(1)))
        .map_err(|e| StoreError::Unavailable { reason: format!("cannot start a thread: {e}") })
}

/// A transaction that ran inside the open group and waits for its commit.
struct Member {
    kind: Kind,
    job: Box<dyn Job>,
    outcome: &'static str,
}

fn write_groups(conn: &Connection, queue: &Queue<Work>, group_limit: usize) {
    let mut group: Vec<Member> = Vec::with_capacity(group_limit);
    while let Some(first) = queue.pop() {
        if let Err(error) = command(conn, "BEGIN IMMEDIATE") {
            refuse(first, busy_as_unavailable(&error));
            continue;
        }
        let (mut next, mut full) = (Some(first), false);
        while let Some(work) = next.take() {
            full |= run_in_savepoint(conn, work, &mut group);
            if conn.is_autocommit() {
                break;
            }
            if group.len() < group_limit {
                next = queue.try_pop();
            }
        }
        metrics::depth(Kind::Write, queue.depth());
        commit_group(conn, &mut group, full);
    }
}

/// Runs one transaction inside the open group; returns whether it found the disk full.
fn run_in_savepoint(conn: &Connection, work: Work, group: &mut Vec<Member>) -> bool {
    let Work { kind, mut job } = work;
    if let Err(error) = command(conn, "SAVEPOINT job") {
        job.fail(statement_error("SAVEPOINT job", &error));
        return is_full(&error);
    }
    let mut tx = SqliteTx { conn, read_only: kind == Kind::Read, failed: None, full: false };
    let verdict = job.run(&mut tx);
    let (failed, full) = (tx.failed.take(), tx.full);
    let outcome = match (verdict, failed) {
        (Verdict::Commit, None) => "committed",
        (Verdict::Commit, Some(cause)) => {
            // The closure swallowed a failure; committing half of it would differ from PostgreSQL.
            undo(conn);
            job.fail(StoreError::Aborted { cause });
            metrics::transaction(Backend::Sqlite, kind, "failed");
            return full;
        }
        (Verdict::Rollback, _) => "rolled_back",
        (Verdict::Panicked, _) => "panicked",
    };
    if outcome == "committed" {
        if let Err(error) = command(conn, "RELEASE job") {
            undo(conn);
            job.fail(statement_error("RELEASE job", &error));
            return is_full(&error);
        }
    } else {
        undo(conn);
    }
    // A refusal waits for the commit too: it may rest on what an earlier member wrote.
    group.push(Member { kind, job, outcome });
    full
}

fn undo(conn: &Connection) {
    // A full disk or an I/O error has already ended the whole transaction.
    if !conn.is_autocommit()
        && let Err(error) = command(conn, "ROLLBACK TO job").and_then(|()| command(conn, "RELEASE job"))
    {
        tracing::error!(%error, "cannot undo a savepoint; the whole group is rolled back");
        let _ = command(conn, "ROLLBACK");
    }
}

/// Ends the group. `full` says that one of its transactions found no room.
fn commit_group(conn: &Connection, group: &mut Vec<Member>, mut full: bool) {
    let started = doorstep_clock::monotonic();
    let result = if conn.is_autocommit() {
        Err("SQLite ended the transaction".to_owned())
    } else {
        command(conn, "COMMIT").map_err(|error| {
            // Without room the commit's mark was not written, so its outcome is known.
            full = is_full(&error);
            if !conn.is_autocommit() {
                let _ = command(conn, "ROLLBACK");
            }
            error.to_string()
        })
    };
    metrics::commit(Backend::Sqlite, started.elapsed());
    metrics::group(group.len());
    if let Err(reason) = &result {
        tracing::error!(%reason, transactions = group.len(), "a group commit failed");
    }
    for mut member in group.drain(..) {
        match &result {
            Ok(()) => {
                metrics::transaction(Backend::Sqlite, member.kind, member.outcome);
                member.job.finish();
            }
            Err(reason) => {
                metrics::transaction(Backend::Sqlite, member.kind, "failed");
                let reason = reason.clone();
                member.job.fail(match full {
                    true => StoreError::Full { reason },
                    false => StoreError::CommitUnknown { reason },
                });
            }
        }
    }
}

fn read_each(conn: &Connection, queue: &Queue<Work>, _: usize) {
    while let Some(work) = queue.pop() {
        metrics::depth(Kind::Read, queue.depth());
        if let Err(error) = command(conn, "BEGIN") {
            refuse(work, busy_as_unavailable(&error));
            continue;
        }
        let Work { kind, mut job } = work;
        let mut tx = SqliteTx { conn, read_only: true, failed: None, full: false };
        let outcome = match job.run(&mut tx) {
            Verdict::Commit => "committed",
            Verdict::Rollback => "rolled_back",
            Verdict::Panicked => "panicked",
        };
        let swallowed = tx.failed.take().filter(|_| outcome == "committed");
        if !conn.is_autocommit()
            && let Err(error) = command(conn, "ROLLBACK")
        {
            tracing::error!(%error, "cannot end a read");
        }
        match swallowed {
            Some(cause) => {
                metrics::transaction(Backend::Sqlite, kind, "failed");
                job.fail(StoreError::Aborted { cause });
            }
            None => {
                metrics::transaction(Backend::Sqlite, kind, outcome);
                job.finish();
            }
        }
    }
}

fn refuse(mut work: Work, error: StoreError) {
    metrics::transaction(Backend::Sqlite, work.kind, "failed");
    work.job.fail(error);
}

fn command(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.raw_execute().map(|_| ())
}

fn busy_as_unavailable(error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable { reason: error.to_string() }
}

struct SqliteTx<'c> {
    conn: &'c Connection,
    read_only: bool,
    /// The first failure; after it nothing more runs, as on PostgreSQL.
    failed: Option<String>,
    /// Whether it was for want of room, which ends the whole group.
    full: bool,
}

impl SqliteTx<'_> {
    fn guarded<T>(&mut self, run: impl FnOnce(&Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(cause) = &self.failed {
            return Err(StoreError::Aborted { cause: cause.clone() });
        }
        let result = run(self);
        if let Err(error) = &result {
            self.failed = Some(error.to_string());
            self.full = matches!(error, StoreError::Full { .. });
        }
        result
    }

    fn prepare<'s>(&'s self, sql: &str, params: &[Value]) -> Result<CachedStatement<'s>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(|e| statement_error(sql, &e))?;
        if self.read_only && !statement.readonly() {
            return Err(StoreError::ReadOnly { statement: head(sql) });
        }
        bind(&mut statement, sql, params)?;
        Ok(statement)
    }
}

impl Tx for SqliteTx<'_> {
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        self.guarded(|tx| {
            let before = tx.conn.total_changes();
            let mut statement = tx.prepare(sql, params)?;
            let mut rows = statement.raw_query();
            while rows.next().map_err(|e| statement_error(sql, &e))?.is_some() {}
            drop(rows);
            // `changes` keeps its last value over statements that change nothing.
            Ok(if tx.conn.total_changes() == before { 0 } else { tx.conn.changes() })
        })
    }

    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.guarded(|tx| {
            let mut statement = tx.prepare(sql, params)?;
            let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.raw_query();
            let mut out = Vec::new();
            while let Some(row) = rows.next().map_err(|e| statement_error(sql, &e))? {
                let mut values = Vec::with_capacity(columns.len());
                for (at, name) in columns.iter().enumerate() {
                    let cell = row.get_ref(at).map_err(|e| statement_error(sql, &e))?;
                    values.push(value_of(cell, name)?);
                }
                out.push(Row::new(Arc::clone(&columns), values));
            }
            Ok(out)
        })
    }

    fn backend(&self) -> Backend {
        Backend::Sqlite
    }
}

/// Binds by the number in the placeholder's name: to SQLite `$2` is only a name.
fn bind(statement: &mut CachedStatement<'_>, sql: &str, params: &[Value]) -> Result<(), StoreError> {
    let wrong = |index: usize, reason: String| StoreError::Parameter { index, statement: head(sql), reason };
    let mut highest = 0;
    for at in 1..=statement.parameter_count() {
        let name = statement.parameter_name(at).unwrap_or("?").to_owned();
        let number = name
            .strip_prefix('$')
            .and_then(|n| n.parse::<usize>().ok())
            .filter(|n| *n > 0)
            .ok_or_else(|| wrong(at, format!("placeholder `{name}` is not understood, write $1, $2, …")))?;
        let value =
            params.get(number - 1).ok_or_else(|| wrong(number, format!("missing, {} were given", params.len())))?;
        highest = highest.max(number);
        let bound = match value {
            Value::Null => statement.raw_bind_parameter(at, rusqlite::types::Null),
            Value::Int(v) => statement.raw_bind_parameter(at, v),
            Value::Real(v) => statement.raw_bind_parameter(at, v),
            Value::Text(v) => statement.raw_bind_parameter(at, v),
            Value::Blob(v) => statement.raw_bind_parameter(at, v),
        };
        bound.map_err(|e| wrong(number, e.to_string()))?;
    }
    if highest < params.len() {
        return Err(wrong(params.len(), format!("{} were given, the statement uses {highest}", params.len())));
    }
    Ok(())
}

fn value_of(cell: ValueRef<'_>, column: &str) -> Result<Value, StoreError> {
    Ok(match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(v) => Value::Int(v),
        ValueRef::Real(v) => Value::Real(v),
        ValueRef::Text(v) => Value::Text(
            std::str::from_utf8(v)
                .map_err(|e| StoreError::Decode { key: column.to_owned(), reason: e.to_string() })?
                .to_owned(),
        ),
        ValueRef::Blob(v) => Value::Blob(v.to_vec()),
    })
}

/// Whether the disk, or the limit of the database's size, has no room for more.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

fn statement_error(sql: &str, error: &rusqlite::Error) -> StoreError {
    let statement = head(sql);
    if let rusqlite::Error::SqliteFailure(failure, message) = error
        && failure.code == ErrorCode::ConstraintViolation
    {
        let kind = match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
                Some(Constraint::Unique)
            }
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Some(Constraint::ForeignKey),
            ffi::SQLITE_CONSTRAINT_NOTNULL => Some(Constraint::NotNull),
            ffi::SQLITE_CONSTRAINT_CHECK => Some(Constraint::Check),
            _ => None,
        };
        if let Some(kind) = kind {
            let detail = message.clone().unwrap_or_else(|| failure.to_string());
            return StoreError::Constraint { kind, statement, detail };
        }
    }
    if is_full(error) {
        return StoreError::Full { reason: error.to_string() };
    }
    StoreError::Statement { statement, reason: error.to_string() }
}

impl Batch for SqliteTx<'_> {
    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.guarded(|tx| tx.conn.execute_batch(sql).map_err(|e| statement_error(sql, &e)))
    }
}

impl Migrator for Connection {
    fn step(&mut self, work: &mut dyn FnMut(&mut dyn Batch) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.execute_batch("BEGIN IMMEDIATE").map_err(|e| busy_as_unavailable(&e))?;
        let done = work(&mut SqliteTx { conn: self, read_only: false, failed: None, full: false })
            .and_then(|()| self.execute_batch("COMMIT").map_err(|e| statement_error("COMMIT", &e)));
        if done.is_err() && !self.is_autocommit() {
            self.execute_batch("ROLLBACK").map_err(|e| statement_error("ROLLBACK", &e))?;
        }
        done
    }
}
