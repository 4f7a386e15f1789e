//! Backtests in the store: one row each, and their files beside it.

use doorstep_clock::Timestamp;
use doorstep_store::{Migration, Row, StoreError, Tx, params};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use super::request::unpack;
use super::{Prepared, TrialsConfig, TrialsError};

/// To be passed to `Store::open`.
pub const MIGRATIONS: &[Migration] = &[Migration::same(
    "city/0001_backtests",
    "CREATE TABLE backtests (
        id TEXT PRIMARY KEY,
        tenant TEXT NOT NULL,
        city TEXT NOT NULL,
        state TEXT NOT NULL,
        owner TEXT NOT NULL,
        lease_until BIGINT NOT NULL,
        progress DOUBLE PRECISION NOT NULL,
        created_at BIGINT NOT NULL,
        started_at BIGINT,
        ended_at BIGINT,
        problem TEXT,
        body TEXT NOT NULL
    );
    CREATE INDEX backtests_by_city ON backtests (tenant, city, id);
    CREATE INDEX backtests_open ON backtests (id) WHERE state IN ('queued', 'running');
    CREATE TABLE backtest_files (
        backtest TEXT NOT NULL,
        name TEXT NOT NULL,
        bytes BYTEA NOT NULL,
        PRIMARY KEY (backtest, name)
    )",
)];

/// How far a backtest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    /// Waits for its turn.
    Queued,
    /// Is being done.
    Running,
    /// Has its results.
    Done,
    /// Could not be done; the problem says why.
    Failed,
    /// Was called off.
    Cancelled,
}

impl TrialState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether something still happens.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// What is kept of a backtest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialFile {
    /// The whole request.
    Request,
    /// All figures as JSON.
    Report,
    /// The page.
    Page,
    /// The first policy's film as JSON.
    FilmA,
    /// The second's.
    FilmB,
}

impl TrialFile {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Report => "report",
            Self::Page => "page",
            Self::FilmA => "film_a",
            Self::FilmB => "film_b",
        }
    }
}

/// A backtest as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRecord {
    /// Id.
    pub id: String,
    /// Whose.
    pub tenant: String,
    /// City id.
    pub city: String,
    /// How far it is.
    pub state: TrialState,
    /// How much is done, from 0 to 1.
    pub progress: f64,
    /// When it was asked for, real time.
    pub created_at: Timestamp,
    /// When it was begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub problem: Option<String>,
    /// What it is about.
    pub about: About,
}

/// What a backtest is about, without its input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Name of the policy to measure by.
    pub a: String,
    /// Name of the policy to try.
    pub b: String,
    /// The recorded period, city time; none for tables.
    pub period: Option<[Timestamp; 2]>,
    /// Recorded requests.
    pub requests: usize,
    /// Recorded cars, or shifts of drivers.
    pub cars: usize,
    /// Cars of each run, if not all.
    pub fleet: Option<usize>,
    /// Paired seeds.
    pub seeds: u32,
}

const COLUMNS: &str = "id, tenant, city, state, progress, created_at, started_at, ended_at, problem, body";

fn read(row: &Row) -> Result<TrialRecord, TrialsError> {
    let (id, word) = (row.text("id")?, row.text("state")?);
    let damaged = |reason: String| TrialsError::Damaged { id: id.clone(), reason };
    let state = TrialState::ALL.into_iter().find(|s| s.as_str() == word);
    Ok(TrialRecord {
        state: state.ok_or_else(|| damaged(format!("its state is {word:?}")))?,
        about: serde_json::from_str(&row.text("body")?).map_err(|e| damaged(e.to_string()))?,
        tenant: row.text("tenant")?,
        city: row.text("city")?,
        progress: row.real("progress")?,
        created_at: row.time("created_at")?,
        started_at: row.opt_time("started_at")?,
        ended_at: row.opt_time("ended_at")?,
        problem: row.opt_text("problem")?,
        id,
    })
}

/// Writes one down; refuses when too many wait, makes room among the ended ones.
pub(super) fn insert(
    tx: &mut dyn Tx,
    (tenant, city): (&str, &str),
    new: &Prepared,
    bounds: &TrialsConfig,
    now: Timestamp,
) -> Result<TrialRecord, TrialsError> {
    let open = tx.query(
        "SELECT count(*) AS n FROM backtests WHERE tenant = $1 AND state IN ('queued', 'running')",
        params![tenant],
    )?;
    let open = open.first().map_or(Ok(0), |row| row.int("n"))?;
    if usize::try_from(open).unwrap_or(0) >= bounds.queue {
        return Err(TrialsError::QueueFull { limit: bounds.queue });
    }
    let sql = format!(
        "SELECT id FROM backtests WHERE tenant = $1 AND city = $2 AND state NOT IN ('queued', 'running')
         ORDER BY id DESC LIMIT 1000 OFFSET {}",
        bounds.kept.saturating_sub(1)
    );
    for row in tx.query(&sql, params![tenant, city])? {
        remove(tx, &row.text("id")?)?;
    }
    let ms = u64::try_from(now.millis()).unwrap_or(0);
    let nanos = u32::try_from(ms % 1_000).unwrap_or(0) * 1_000_000;
    let id = format!("bkt_{}", Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, ms / 1_000, nanos)).simple());
    let [a, b] = new.policies.clone();
    let about =
        About { a, b, period: new.period, requests: new.requests, cars: new.cars, fleet: new.fleet, seeds: new.seeds };
    tx.execute(
        "INSERT INTO backtests (id, tenant, city, state, owner, lease_until, progress, created_at, body)
         VALUES ($1, $2, $3, 'queued', '', 0, 0.0, $4, $5)",
        params![id.as_str(), tenant, city, now, serde_json::to_string(&about).expect("plain values have a JSON form")],
    )?;
    put(tx, &id, TrialFile::Request, &new.packed)?;
    get(tx, tenant, city, &id)
}

pub(super) fn put(tx: &mut dyn Tx, id: &str, file: TrialFile, packed: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO backtest_files (backtest, name, bytes) VALUES ($1, $2, $3)
         ON CONFLICT (backtest, name) DO UPDATE SET bytes = excluded.bytes",
        params![id, file.as_str(), packed],
    )?;
    Ok(())
}

pub(super) fn file(tx: &mut dyn Tx, id: &str, file: TrialFile) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT bytes FROM backtest_files WHERE backtest = $1 AND name = $2";
    tx.query_opt(sql, params![id, file.as_str()])?.map(|row| row.blob("bytes")).transpose()
}

/// A packed file as it is read.
pub(super) fn plain(id: &str, packed: &[u8]) -> Result<Vec<u8>, TrialsError> {
    unpack(packed).map_err(|e| TrialsError::Damaged { id: id.to_owned(), reason: e.to_string() })
}

pub(super) fn get(tx: &mut dyn Tx, tenant: &str, city: &str, id: &str) -> Result<TrialRecord, TrialsError> {
    let sql = format!("SELECT {COLUMNS} FROM backtests WHERE id = $1 AND tenant = $2 AND city = $3");
    let row = tx.query_opt(&sql, params![id, tenant, city])?;
    row.as_ref().map(read).transpose()?.ok_or_else(|| TrialsError::NotFound { id: id.chars().take(64).collect() })
}

/// The latest first; those before the one that `cursor` names.
pub(super) fn list(
    tx: &mut dyn Tx,
    (tenant, city): (&str, &str),
    cursor: Option<&str>,
    limit: usize,
) -> Result<(Vec<TrialRecord>, Option<String>), TrialsError> {
    // Above every id there is.
    let before = cursor.unwrap_or("bkt_~");
    let sql = format!(
        "SELECT {COLUMNS} FROM backtests WHERE tenant = $1 AND city = $2 AND id < $3 ORDER BY id DESC LIMIT {}",
        limit + 1
    );
    let rows = tx.query(&sql, params![tenant, city, before])?;
    let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(|t| t.id.clone()) } else { None };
    Ok((items, next))
}

pub(super) fn cancel(
    tx: &mut dyn Tx,
    tenant: &str,
    city: &str,
    id: &str,
    now: Timestamp,
) -> Result<TrialRecord, TrialsError> {
    let trial = get(tx, tenant, city, id)?;
    let done = tx.execute(
        "UPDATE backtests SET state = 'cancelled', ended_at = $1 WHERE id = $2 AND state IN ('queued', 'running')",
        params![now, id],
    )?;
    if done == 0 {
        return Err(TrialsError::State {
            state: trial.state.as_str(),
            fix: "only what waits or runs can be cancelled",
        });
    }
    get(tx, tenant, city, id)
}

pub(super) fn delete(tx: &mut dyn Tx, tenant: &str, city: &str, id: &str) -> Result<(), TrialsError> {
    let trial = get(tx, tenant, city, id)?;
    if trial.state.is_open() {
        return Err(TrialsError::State { state: trial.state.as_str(), fix: "cancel it first" });
    }
    Ok(remove(tx, id)?)
}

fn remove(tx: &mut dyn Tx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM backtest_files WHERE backtest = $1", params![id])?;
    tx.execute("DELETE FROM backtests WHERE id = $1", params![id])?;
    Ok(())
}

/// Claims the oldest that nobody works on, among these cities.
pub(super) fn claim(
    tx: &mut dyn Tx,
    cities: &[String],
    owner: &str,
    now: Timestamp,
    lease_ms: i64,
) -> Result<Option<TrialRecord>, TrialsError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM backtests WHERE state IN ('queued', 'running') AND (state = 'queued' OR lease_until < $1)
         ORDER BY id LIMIT 50"
    );
    for row in tx.query(&sql, params![now])? {
        let trial = read(&row)?;
        if !cities.contains(&trial.city) {
            continue;
        }
        let claimed = tx.execute(
            "UPDATE backtests SET state = 'running', owner = $1, lease_until = $2, progress = 0.0, started_at = $3
             WHERE id = $4 AND (state = 'queued' OR (state = 'running' AND lease_until < $3))",
            params![owner, now.plus_ms(lease_ms), now, trial.id.as_str()],
        )?;
        if claimed > 0 {
            return Ok(Some(trial));
        }
    }
    Ok(None)
}

/// Notes progress and renews the claim; false when it is nobody's of this name any more.
pub(super) fn renew(
    tx: &mut dyn Tx,
    id: &str,
    owner: &str,
    progress: f64,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE backtests SET progress = $1, lease_until = $2 WHERE id = $3 AND owner = $4 AND state = 'running'";
    Ok(tx.execute(sql, params![progress, until, id, owner])? > 0)
}

/// Gives a claim back: somebody else may begin anew.
pub(super) fn give_back(tx: &mut dyn Tx, id: &str, owner: &str) -> Result<(), StoreError> {
    let sql = "UPDATE backtests SET state = 'queued', owner = '', lease_until = 0, progress = 0.0
         WHERE id = $1 AND owner = $2 AND state = 'running'";
    tx.execute(sql, params![id, owner])?;
    Ok(())
}

/// Ends a claimed one; false when it is not this owner's any more.
pub(super) fn end(
    tx: &mut dyn Tx,
    id: &str,
    owner: &str,
    problem: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let state = if problem.is_some() { TrialState::Failed } else { TrialState::Done };
    let progress = if problem.is_some() { "progress" } else { "1.0" };
    let sql = format!(
        "UPDATE backtests SET state = $1, problem = $2, ended_at = $3, progress = {progress}
         WHERE id = $4 AND owner = $5 AND state = 'running'"
    );
    Ok(tx.execute(&sql, params![state.as_str(), problem, now, id, owner])? > 0)
}
