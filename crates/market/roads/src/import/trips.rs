//! How long recorded trips took: a CSV table with `pickup`, `dropoff` (local times), `pu_lon`, `pu_lat`,
//! `do_lon`, `do_lat`, from which [`learn_week`](crate::learn_week) learns the roads' week.

use std::io::Read;

use doorstep_clock::Timestamp;
use doorstep_geo::Point;

use super::tables::{each_row, number};
use crate::{ImportError, Roads, TripTime, hour_of_week};

/// Reads the trips whose two ends lie within `max_m` metres of corners of `roads`; gives them with the count
/// of those that do not.
///
/// # Errors
/// [`ImportError`] with the line and the reason.
pub fn trip_times(trips: impl Read, roads: &Roads, max_m: f64) -> Result<(Vec<TripTime>, usize), ImportError> {
    let (mut times, mut elsewhere) = (Vec::new(), 0);
    let area = roads.graph().bounds().map(|b| b.expanded(max_m));
    let columns = ["pickup", "dropoff", "pu_lon", "pu_lat", "do_lon", "do_lat"];
    each_row("trips", trips, columns, |[pickup, dropoff, pu_lon, pu_lat, do_lon, do_lat]| {
        let moment = |text: &str| Timestamp::parse_local_as_utc(text.trim()).map_err(|e| e.to_string());
        let (begun, ended) = (moment(pickup)?, moment(dropoff)?);
        let place = |lat: &str, lon: &str| -> Result<Point, String> {
            Point::new(number(lat, "lat")?, number(lon, "lon")?).map_err(|e| e.to_string())
        };
        let (from, to) = (place(pu_lat, pu_lon)?, place(do_lat, do_lon)?);
        // Most trips of a file may be elsewhere; the box tells that sooner than the nearest corner does.
        if !area.is_some_and(|a| a.contains(from) && a.contains(to)) {
            elsewhere += 1;
            return Ok(());
        }
        match (roads.snap(from, max_m), roads.snap(to, max_m)) {
            (Ok(from), Ok(to)) => times.push(TripTime {
                from: from.node,
                to: to.node,
                hour_of_week: hour_of_week(begun, 0) as u8,
                duration_ms: u32::try_from(ended.ms_since(begun)).unwrap_or(0),
            }),
            _ => elsewhere += 1,
        }
        Ok(())
    })?;
    Ok((times, elsewhere))
}
