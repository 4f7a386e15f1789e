//! The forecaster on made-up cities whose law is known, and what it may not know.
#![allow(clippy::unwrap_used)]

use doorstep_clock::SeededRng;
use doorstep_geo::Resolution;
use rand::RngExt as _;

use super::*;
use crate::PricingError;

/// Rows of `days` days from 2013-08-01 in three places, busier at noon and quiet on Sundays, growing 2 % a day.
fn rows(days: u32, seed: u64, wanted: impl Fn(u32) -> bool) -> String {
    let mut rng = SeededRng::new(seed, "forecast.test");
    let mut text = "pickup,pu_lon,pu_lat\n".to_owned();
    for day in 1..=days {
        let weekday = (day + 2) % 7;
        let level = 1.02_f64.powi(day as i32) * if weekday == 6 { 0.5 } else { 1.0 };
        for slot in 0..48_u32 {
            let hour = 1.0 + (f64::from(slot) - 24.0).mul_add(-0.06, 0.0).cos();
            for (place, busy) in [4.0, 2.0, 0.2].into_iter().enumerate() {
                let mean = busy * hour * level * 0.7;
                let (mut count, mut left) = (0, (-mean).exp());
                let mut draw: f64 = rng.random();
                while draw > left && count < 60 {
                    draw -= left;
                    count += 1;
                    left *= mean / f64::from(count);
                }
                for _ in 0..count {
                    if wanted(day) {
                        let (month, date) = if day > 31 { (9, day - 31) } else { (8, day) };
                        let lon = -73.9 - 0.1 * place as f64;
                        text +=
                            &format!("2013-{month:02}-{date:02}T{:02}:{:02}:30,{lon},40.7\n", slot / 2, slot % 2 * 30);
                    }
                }
            }
        }
    }
    text
}

fn history(seed: u64) -> History {
    let trips = |wanted: fn(u32) -> bool| Trips::read("trips.csv", rows(60, seed, wanted).as_bytes()).unwrap();
    History::count(&trips(|d| d % 3 != 0), &trips(|d| d % 3 == 0), Resolution::Seven).unwrap()
}

#[test]
fn it_beats_the_naive_rules_on_a_growing_city() {
    for seed in [1, 2] {
        let history = history(seed);
        assert_eq!((history.cells.len(), history.days.len(), history.outside), (3, 60, 0));
        let config = ForecasterConfig::default();
        let live = evaluate(&history, &config, Information::UpToTheSlot);
        let ahead = evaluate(&history, &config, Information::FitDaysBefore);
        assert!(live.ratio < 0.8 && ahead.ratio < 0.85, "{live:?} {ahead:?}");
        assert!((0.9..1.1).contains(&live.bias), "{live:?}");
        assert_eq!((live.slots, live.cells), (20 * 48, 3));
    }
}

#[test]
fn a_forecast_knows_nothing_of_its_own_slot_or_later() {
    let history = history(3);
    let mut changed = history.clone();
    let last = changed.days.len() - 1;
    let forecasts = |history: &History| {
        let mut forecaster = Forecaster::new(ForecasterConfig::default(), 3);
        let mut made = Vec::new();
        for (ix, day) in history.days.iter().enumerate() {
            forecaster.begin_day(history.first + ix as i64);
            for slot in 0..SLOTS {
                made.push(forecaster.forecast(slot).unwrap());
                forecaster.observe(slot, day.slot(slot));
            }
        }
        made
    };
    let before = forecasts(&history);
    // The last day turns into another one from 10:00 on.
    let other = changed.days[last - 30].clone();
    let mut day = changed.days[last].clone();
    day.copy_from(&other, 20);
    changed.days[last] = day;
    let after = forecasts(&changed);
    let first = before.iter().zip(&after).position(|(a, b)| a != b);
    assert_eq!(first, Some(last * SLOTS + 21), "the half hour from 10:00 is seen first by the next one");
}

#[test]
fn what_cannot_be_read_is_named() {
    let read = |text: &str| Trips::read("a.csv", text.as_bytes()).unwrap_err().to_string();
    assert!(read("when,pu_lon,pu_lat\n").contains("no column `pickup`"));
    assert!(read("pickup,pu_lon,pu_lat\n2013-08-01T00:00:00,x,40.7\n").contains("line 2: `x` is no number"));
    assert!(read("pickup,pu_lon,pu_lat\nnoon,-73,40.7\n").contains("line 2"));
    assert!(read("pickup,pu_lon,pu_lat\n2013-08-01T00:00:00,-73,91\n").contains("lat is 91"));
    let one = Trips::read("a.csv", "pickup,pu_lon,pu_lat\n2013-08-01T00:00:00,-73,40\n".as_bytes()).unwrap();
    let none = Trips::default();
    for (fit, test) in [(&none, &one), (&one, &none), (&one, &one)] {
        assert!(matches!(History::count(fit, test, Resolution::Seven), Err(PricingError::NoHistory(_))));
    }
}

#[test]
fn nothing_learned_is_nothing_forecast() {
    let mut forecaster = Forecaster::new(ForecasterConfig::default(), 2);
    assert_eq!(forecaster.forecast(0), None);
    forecaster.begin_day(0);
    assert_eq!(forecaster.forecast(0), Some(vec![0.0, 0.0]));
    forecaster.observe(0, &[1]);
    forecaster.observe(0, &[1, 2]);
    forecaster.begin_day(1);
    assert!(forecaster.forecast(0).unwrap().iter().all(|m| m.is_finite()));
}
