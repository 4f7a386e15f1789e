//! The three candidates behind one face.

use anyhow::{Result, ensure};
use doorstep_bench::cpu;
use doorstep_bench::fleet::Fleet;
use doorstep_bench::peers::{postgis::PostGis, redis::Redis};
use doorstep_clock::Timestamp;
use doorstep_dispatch::supply::{DriverState, Filter, Report, Reported, Supply, SupplyConfig};
use doorstep_geo::Point;

use crate::measure::Cost;

/// How many neighbours a query wants.
pub(crate) const NEAREST: usize = 8;
/// Beyond this nobody is near.
pub(crate) const MAX_M: f64 = 5_000.0;

/// Ids with metres, nearest first.
pub(crate) type Neighbours = Vec<(String, f64)>;

/// Something that keeps positions and finds the nearest.
pub(crate) trait Candidate {
    /// Takes these reports.
    fn update(&mut self, reports: &[(&str, Point)]) -> Result<()>;
    /// Answers these queries and drops the answers; says how many drivers were found.
    fn query(&mut self, points: &[Point]) -> Result<usize>;
    /// Answers one query.
    fn answer(&mut self, point: Point) -> Result<Neighbours>;
    /// CPU seconds so far of whoever does the work.
    fn cpu_seconds(&self) -> Result<f64>;
}

/// Ours, in the bench's own process and thread.
pub(crate) struct Ours {
    pub(crate) supply: Supply,
    /// Whether reports are handed over as they arrived, many in one call.
    pub(crate) together: bool,
    now: Timestamp,
    reported: Vec<Reported>,
}

impl Ours {
    pub(crate) fn new(fleet: &Fleet) -> Result<Self> {
        let (supply, now) = (Supply::new(SupplyConfig::default())?, Timestamp::from_millis(1_000_000));
        for (id, &point) in fleet.ids.iter().zip(&fleet.points) {
            let driver = supply.intern(id, 4);
            supply.place(driver, DriverState::Online, &Report::at(point, now), now)?;
        }
        Ok(Self { supply, together: true, now, reported: Vec::new() })
    }
}

impl Candidate for Ours {
    fn update(&mut self, reports: &[(&str, Point)]) -> Result<()> {
        self.now = self.now.plus_ms(1);
        if self.together {
            let reports: Vec<(&str, Report)> =
                reports.iter().map(|(id, point)| (*id, Report::at(*point, self.now))).collect();
            self.reported.clear();
            self.supply.report_ids(&reports, self.now, &mut self.reported);
            ensure!(self.reported.iter().all(|r| *r == Reported::Accepted), "a report was not accepted");
            return Ok(());
        }
        for (id, point) in reports {
            let reported = self.supply.report_id(id, &Report::at(*point, self.now), self.now);
            ensure!(reported == Reported::Accepted, "a report was {}", reported.as_str());
        }
        Ok(())
    }

    fn query(&mut self, points: &[Point]) -> Result<usize> {
        Ok(points.iter().map(|&point| self.supply.nearest(point, NEAREST, MAX_M, &Filter::idle(1)).len()).sum())
    }

    fn answer(&mut self, point: Point) -> Result<Neighbours> {
        let near = self.supply.nearest(point, NEAREST, MAX_M, &Filter::idle(1));
        let id = |driver| self.supply.id(driver).map(|id| id.to_string()).unwrap_or_default();
        Ok(near.iter().map(|near| (id(near.driver), near.distance_m)).collect())
    }

    fn cpu_seconds(&self) -> Result<f64> {
        cpu::thread_seconds()
    }
}

/// Redis, searching a radius that is almost always enough.
pub(crate) struct InRedis {
    redis: Redis,
    radius_m: f64,
    /// Whether reports travel as one command.
    pub(crate) together: bool,
    updates: usize,
    queries: usize,
}

impl InRedis {
    pub(crate) const fn new(redis: Redis, radius_m: f64) -> Self {
        Self { redis, radius_m, together: false, updates: 0, queries: 0 }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.redis.pid()
    }

    /// What the server itself counts for its commands, per operation.
    pub(crate) fn inside(&mut self) -> Result<Cost> {
        let update_s = self.redis.command_seconds("geoadd")? / self.updates as f64;
        let query_s = self.redis.command_seconds("geosearch")? / self.queries as f64;
        Ok(Cost { update_s, query_s, mixed_s: (10.0 * update_s + query_s) / 11.0 })
    }
}

impl Candidate for InRedis {
    fn update(&mut self, reports: &[(&str, Point)]) -> Result<()> {
        self.updates += reports.len();
        if self.together { self.redis.update_together(reports) } else { self.redis.update_each(reports) }
    }

    fn query(&mut self, points: &[Point]) -> Result<usize> {
        self.queries += points.len();
        let found = self.redis.nearest(points, NEAREST, self.radius_m)?;
        let short: Vec<Point> =
            points.iter().zip(&found).filter(|(_, near)| near.len() < NEAREST).map(|(&point, _)| point).collect();
        if !short.is_empty() {
            self.redis.nearest(&short, NEAREST, self.radius_m * 4.0)?;
        }
        Ok(found.iter().map(Vec::len).sum())
    }

    fn answer(&mut self, point: Point) -> Result<Neighbours> {
        let mut found = self.redis.nearest(&[point], NEAREST, MAX_M)?;
        Ok(found.pop().unwrap_or_default())
    }

    fn cpu_seconds(&self) -> Result<f64> {
        cpu::process_seconds(self.redis.pid())
    }
}

/// PostGIS.
pub(crate) struct Database(pub(crate) PostGis);

impl Candidate for Database {
    fn update(&mut self, reports: &[(&str, Point)]) -> Result<()> {
        self.0.update(reports)
    }

    fn query(&mut self, points: &[Point]) -> Result<usize> {
        let mut found = 0;
        for &point in points {
            found += self.0.nearest(point, NEAREST)?.len();
        }
        Ok(found)
    }

    fn answer(&mut self, point: Point) -> Result<Neighbours> {
        self.0.nearest(point, NEAREST)
    }

    fn cpu_seconds(&self) -> Result<f64> {
        cpu::family_seconds(self.0.pid())
    }
}
