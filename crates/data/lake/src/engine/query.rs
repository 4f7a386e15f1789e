//! One query: who asked what, how far it is, what it took, and a way to call it off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use doorstep_clock::{Timestamp, monotonic};
use doorstep_identity::Principal;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use super::cpu::CpuMeter;
use super::files::ScanMeter;
use super::memory::Budget;

/// A query's id.
pub type QueryId = String;

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// As a plain decimal.
    pub amount: String,
    /// In which currency, such as `USD`.
    pub currency: String,
}

/// What a query took, so far or in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Waiting for a place, milliseconds.
    pub queued_ms: u64,
    /// From the start of its work to its last row, milliseconds.
    pub wall_ms: u64,
    /// CPU on all of its threads, milliseconds; real, not time in operators.
    pub cpu_ms: u64,
    /// Bytes read from data files, after pruning.
    pub bytes_scanned: u64,
    /// Requests to the file system for them.
    pub reads: u64,
    /// Bytes in all files of the tables it reads: an upper bound known once it is planned.
    pub bytes_planned: u64,
    /// The most memory it held at once in sorts, joins and aggregates, bytes.
    pub peak_memory: u64,
    /// Memory times the time that it was held, MiB × milliseconds.
    pub memory_mib_ms: u64,
    /// Bytes spilled to disk.
    pub spilled_bytes: u64,
    /// Texts in delimited files that did not fit the type of their column and became null.
    pub misfits: u64,
    /// Rows of the answer.
    pub rows: u64,
    /// What it costs, once it has ended; nothing if it failed.
    pub cost: Option<Cost>,
}

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryEnd {
    /// All rows were handed over.
    Done,
    /// It failed.
    Failed,
    /// It was called off, or nobody wanted its rows any more.
    Cancelled,
}

impl QueryEnd {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A query that runs or ran.
#[derive(Debug)]
pub struct Query {
    id: QueryId,
    principal: Principal,
    text: String,
    asked_at: Timestamp,
    asked: Instant,
    inner: Mutex<Inner>,
    pub(super) rows: AtomicU64,
    pub(super) spilled: AtomicU64,
    pub(super) misfits: Arc<AtomicU64>,
    pub(super) planned: AtomicU64,
    pub(super) scan: Arc<ScanMeter>,
    cancel: watch::Sender<bool>,
    ended: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    started: Option<Instant>,
    cpu: Option<Arc<CpuMeter>>,
    budget: Option<Arc<Budget>>,
    plan: Option<String>,
    end: Option<(QueryEnd, Option<String>, Statistics)>,
}

impl Query {
    pub(super) fn new(principal: Principal, text: &str, at: Timestamp, scan_limit: u64) -> Self {
        Self {
            id: format!("qry_{}", uuid::Uuid::now_v7().simple()),
            principal,
            text: text.to_owned(),
            asked_at: at,
            asked: monotonic(),
            inner: Mutex::default(),
            rows: AtomicU64::new(0),
            spilled: AtomicU64::new(0),
            misfits: Arc::default(),
            planned: AtomicU64::new(0),
            scan: Arc::new(ScanMeter::new(scan_limit)),
            cancel: watch::Sender::new(false),
            ended: watch::Sender::new(false),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who asked.
    #[must_use]
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What was asked.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// When.
    #[must_use]
    pub const fn asked_at(&self) -> Timestamp {
        self.asked_at
    }

    /// The physical plan, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<String> {
        self.inner.lock().plan.clone()
    }

    /// Whether it waits, runs or ended: `queued`, `running`, `done`, `failed`, `cancelled`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        let inner = self.inner.lock();
        match (&inner.end, inner.started) {
            (Some((end, ..)), _) => end.as_str(),
            (None, Some(_)) => "running",
            (None, None) => "queued",
        }
    }

    /// How it ended and, if it failed, why.
    #[must_use]
    pub fn end(&self) -> Option<(QueryEnd, Option<String>)> {
        self.inner.lock().end.clone().map(|(end, why, _)| (end, why))
    }

    /// How much of what it has to read it has read, from 0 to 1; an estimate.
    #[must_use]
    pub fn progress(&self) -> f64 {
        let planned = self.planned.load(Ordering::Relaxed);
        if self.inner.lock().end.is_some() {
            return 1.0;
        }
        if planned == 0 { 0.0 } else { (self.scan.bytes() as f64 / planned as f64).min(0.99) }
    }

    /// What it took until now, or in all.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let inner = self.inner.lock();
        if let Some((_, _, statistics)) = &inner.end {
            return statistics.clone();
        }
        self.take_stock(&inner)
    }

    fn take_stock(&self, inner: &Inner) -> Statistics {
        let queued = inner.started.map_or_else(|| self.asked.elapsed(), |at| at.duration_since(self.asked));
        Statistics {
            queued_ms: millis(queued),
            wall_ms: inner.started.map_or(0, |at| millis(at.elapsed())),
            cpu_ms: inner.cpu.as_ref().map_or(0, |cpu| cpu.millis()),
            bytes_scanned: self.scan.bytes(),
            reads: self.scan.reads(),
            bytes_planned: self.planned.load(Ordering::Relaxed),
            peak_memory: inner.budget.as_ref().map_or(0, |budget| budget.peak() as u64),
            memory_mib_ms: inner.budget.as_ref().map_or(0, |budget| budget.mib_ms()),
            spilled_bytes: self.spilled.load(Ordering::Relaxed),
            misfits: self.misfits.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            cost: None,
        }
    }

    /// Calls it off. It stops within a batch of rows.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// Resolves once somebody calls it off.
    pub(super) async fn cancelled(&self) {
        let mut cancel = self.cancel.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = cancel.wait_for(|c| *c).await;
    }

    /// Waits until it has ended; what it took.
    pub async fn finished(&self) -> Statistics {
        let mut ended = self.ended.subscribe();
        let _ = ended.wait_for(|e| *e).await;
        self.statistics()
    }

    pub(super) fn starts(&self, cpu: Arc<CpuMeter>, budget: Arc<Budget>) {
        let mut inner = self.inner.lock();
        inner.started = Some(monotonic());
        inner.cpu = Some(cpu);
        inner.budget = Some(budget);
    }

    pub(super) fn planned(&self, plan: String, bytes: u64) {
        self.planned.store(bytes, Ordering::Relaxed);
        self.inner.lock().plan = Some(plan);
    }

    /// Notes the end, once.
    pub(super) fn ends(&self, end: QueryEnd, why: Option<String>, cost: Option<Cost>) {
        {
            let mut inner = self.inner.lock();
            if inner.end.is_some() {
                return;
            }
            let statistics = Statistics { cost, ..self.take_stock(&inner) };
            inner.end = Some((end, why, statistics));
            // What the query held goes with it.
            inner.cpu = None;
            inner.budget = None;
        }
        self.ended.send_replace(true);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
