//! The work itself: claim, run beside the city, keep the claim, write the results.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::records::{self, TrialFile, TrialRecord};
use super::request::pack;
use super::{NewTrial, Trials, TrialsError, metrics};
use crate::backtest::{BacktestError, Trial, Tried};
use crate::replay::ReplayError;

/// Another process's work may have become free: look this often without being told.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What the thread that runs tells, and what it is told.
#[derive(Default)]
struct Link {
    /// Bits of a share from 0 to 1.
    progress: AtomicU64,
    stop: AtomicBool,
}

/// How the waiting for a run ended.
enum Ended {
    Ran(Box<Result<Tried, TrialsError>>),
    TookTooLong,
    /// Cancelled, or somebody else has it.
    Lost,
    GoingDown,
}

impl Trials {
    /// Does what is asked for, one after the other, until `down` comes true.
    pub async fn work(self, down: impl Future<Output = ()>) {
        let mut down = std::pin::pin!(down);
        loop {
            match self.claim().await {
                Ok(Some(trial)) => {
                    if self.attend(trial, down.as_mut()).await {
                        return;
                    }
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "no backtest can be claimed"),
            }
            tokio::select! {
                () = self.0.wake.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = down.as_mut() => return,
            }
        }
    }

    async fn claim(&self) -> Result<Option<TrialRecord>, TrialsError> {
        let cities: Vec<String> = self.0.cities.keys().cloned().collect();
        let (owner, now, lease_ms) = (self.0.owner.clone(), self.0.wall.now(), self.0.config.lease_ms);
        self.0.store.write(move |tx| records::claim(tx, &cities, &owner, now, lease_ms)).await
    }

    /// Runs one to its end; true when the process goes down.
    async fn attend(&self, trial: TrialRecord, down: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
        let started = doorstep_clock::monotonic();
        metrics::started();
        tracing::info!(id = trial.id, city = trial.city, requests = trial.about.requests, "a backtest begins");
        let ended = self.run(&trial, down).await;
        let (word, problem) = match ended {
            Ended::Ran(ran) => match *ran {
                Ok(tried) => ("done", self.keep(&trial.id, tried).await.err().map(|e| e.to_string())),
                Err(error) => ("failed", Some(error.to_string())),
            },
            Ended::TookTooLong => {
                let minutes = self.0.config.longest.as_secs() / 60;
                let told = format!("it took longer than {minutes} minutes: try fewer seeds, or a shorter period");
                ("failed", Some(told))
            }
            Ended::Lost => ("cancelled", None),
            Ended::GoingDown => {
                let (id, owner) = (trial.id.clone(), self.0.owner.clone());
                if let Err(error) = self.0.store.write(move |tx| records::give_back(tx, &id, &owner)).await {
                    tracing::warn!(id = trial.id, %error, "a backtest could not be given back; its claim runs out");
                }
                metrics::ended("given_back", started.elapsed().as_secs_f64());
                return true;
            }
        };
        if let Some(problem) = problem {
            tracing::warn!(id = trial.id, problem, "a backtest failed");
            let (id, owner, now) = (trial.id.clone(), self.0.owner.clone(), self.0.wall.now());
            let written =
                self.0.store.write(move |tx| records::end(tx, &id, &owner, Some(problem.as_str()), now)).await;
            if let Err(error) = written {
                tracing::warn!(id = trial.id, %error, "a failed backtest could not be noted");
            }
        }
        metrics::ended(word, started.elapsed().as_secs_f64());
        tracing::info!(id = trial.id, how = word, s = started.elapsed().as_secs_f64(), "a backtest ended");
        false
    }

    async fn run(&self, trial: &TrialRecord, mut down: std::pin::Pin<&mut impl Future<Output = ()>>) -> Ended {
        let link = Arc::new(Link::default());
        let (this, id, city) = (self.clone(), trial.id.clone(), trial.city.clone());
        let packed = match self.file(&trial.tenant, &trial.city, &trial.id, TrialFile::Request).await {
            Ok(packed) => packed,
            Err(error) => return Ended::Ran(Box::new(Err(error))),
        };
        let seen = Arc::clone(&link);
        let mut work = tokio::task::spawn_blocking(move || this.compute(&id, &city, &packed, &seen));
        let mut due = tokio::time::interval(self.0.config.heartbeat);
        let started = doorstep_clock::monotonic();
        let early = loop {
            tokio::select! {
                done = &mut work => {
                    return Ended::Ran(Box::new(done.unwrap_or_else(|panic| {
                        let reason = format!("it broke off: {panic}");
                        Err(TrialsError::Damaged { id: trial.id.clone(), reason })
                    })));
                }
                () = down.as_mut() => break Ended::GoingDown,
                _ = due.tick() => {
                    if started.elapsed() > self.0.config.longest {
                        break Ended::TookTooLong;
                    }
                    if !self.renew(&trial.id, f64::from_bits(link.progress.load(Ordering::Relaxed))).await {
                        break Ended::Lost;
                    }
                }
            }
        };
        link.stop.store(true, Ordering::Relaxed);
        // It hears that at its next decision.
        let _ = work.await;
        early
    }

    /// False when the claim is gone; a store that does not answer now may answer before the claim runs out.
    async fn renew(&self, id: &str, progress: f64) -> bool {
        let (id, owner) = (id.to_owned(), self.0.owner.clone());
        let until = self.0.wall.now().plus_ms(self.0.config.lease_ms);
        match self.0.store.write(move |tx| records::renew(tx, &id, &owner, progress, until)).await {
            Ok(ours) => ours,
            Err(error) => {
                tracing::warn!(%error, "a backtest's claim could not be renewed");
                true
            }
        }
    }

    fn compute(&self, id: &str, city: &str, packed: &[u8], link: &Link) -> Result<Tried, TrialsError> {
        let new = NewTrial::unpack(id, packed)?;
        let [a, b] = new.policies()?;
        let replay = self.replay(city, &new)?;
        let record = new.input.record(replay.corners())?;
        let seeds: Vec<u64> = (0..u64::from(new.seeds)).map(|i| new.first_seed.wrapping_add(i)).collect();
        let trial = Trial {
            replay: &replay,
            record: &record,
            fleet: new.fleet,
            seeds: &seeds,
            assumptions: new.assumptions,
            threads: self.0.config.threads,
        };
        let heed = |share: f64| {
            link.progress.store(share.to_bits(), Ordering::Relaxed);
            !link.stop.load(Ordering::Relaxed)
        };
        match trial.run([&a, &b], &heed) {
            Err(BacktestError::Replay(ReplayError::Stopped)) => {
                Err(TrialsError::State { state: "stopped", fix: "it was called off while it ran" })
            }
            done => Ok(done?),
        }
    }

    async fn keep(&self, id: &str, tried: Tried) -> Result<(), TrialsError> {
        let damaged = |e: serde_json::Error| TrialsError::Damaged { id: id.to_owned(), reason: e.to_string() };
        let json = serde_json::to_vec(&tried.report).map_err(damaged)?;
        let [a, b] = &tried.films;
        let files = [
            (TrialFile::Report, pack(&json)),
            (TrialFile::Page, pack(tried.report.html().as_bytes())),
            (TrialFile::FilmA, pack(&serde_json::to_vec(a).map_err(damaged)?)),
            (TrialFile::FilmB, pack(&serde_json::to_vec(b).map_err(damaged)?)),
        ];
        let (id, owner, now) = (id.to_owned(), self.0.owner.clone(), self.0.wall.now());
        self.0
            .store
            .write(move |tx| {
                if records::end(tx, &id, &owner, None, now)? {
                    for (file, packed) in &files {
                        records::put(tx, &id, *file, packed)?;
                    }
                }
                Ok(())
            })
            .await
    }
}
