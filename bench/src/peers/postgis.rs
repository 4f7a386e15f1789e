//! PostGIS: one unlogged table with an index, and nothing that waits for a disk.

use std::path::Path;

use anyhow::Result;
use doorstep_geo::Point;
use postgres::{Client, Statement};

use super::cluster::Cluster;

/// A cluster of our own and one connection to it. The connection goes first.
pub struct PostGis {
    client: Client,
    cluster: Cluster,
    update: Statement,
    nearest: Statement,
}

impl PostGis {
    /// Makes a cluster in `dir` and the table in it.
    ///
    /// # Errors
    /// Where PostgreSQL 15 with PostGIS is missing or does not answer.
    pub fn start(dir: &Path) -> Result<Self> {
        let settings =
            ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=512MB", "jit=off"];
        let cluster = Cluster::start(dir, &settings)?;
        let mut client = cluster.connect()?;
        client.batch_execute(
            "CREATE EXTENSION postgis;
             CREATE UNLOGGED TABLE drivers (id text PRIMARY KEY, at geography(Point, 4326) NOT NULL)
                 WITH (fillfactor = 50);
             CREATE INDEX drivers_at ON drivers USING gist (at);",
        )?;
        let update = client.prepare(
            "INSERT INTO drivers (id, at)
             SELECT id, ST_MakePoint(lon, lat)::geography FROM unnest($1::text[], $2::float8[], $3::float8[]) AS r (id, lon, lat)
             ON CONFLICT (id) DO UPDATE SET at = excluded.at",
        )?;
        let nearest = client.prepare(
            "SELECT id, at <-> ST_MakePoint($1, $2)::geography AS metres FROM drivers
             ORDER BY at <-> ST_MakePoint($1, $2)::geography LIMIT $3",
        )?;
        Ok(Self { client, cluster, update, nearest })
    }

    /// The process all others of the server descend from.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.cluster.pid()
    }

    /// Writes all reports with one statement.
    ///
    /// # Errors
    /// Where the server refuses or goes away.
    pub fn update(&mut self, reports: &[(&str, Point)]) -> Result<()> {
        let ids: Vec<&str> = reports.iter().map(|(id, _)| *id).collect();
        let lons: Vec<f64> = reports.iter().map(|(_, at)| at.lon()).collect();
        let lats: Vec<f64> = reports.iter().map(|(_, at)| at.lat()).collect();
        self.client.execute(&self.update, &[&ids, &lons, &lats])?;
        Ok(())
    }

    /// The `k` nearest by the index's own order, with metres.
    ///
    /// # Errors
    /// Where the server refuses or goes away.
    pub fn nearest(&mut self, at: Point, k: usize) -> Result<Vec<(String, f64)>> {
        let rows = self.client.query(&self.nearest, &[&at.lon(), &at.lat(), &(k as i64)])?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}
