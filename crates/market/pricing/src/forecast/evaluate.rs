//! Judges the forecaster beside the seasonal-naive rules, with the same information for both.

use serde::Serialize;

use super::{DayCounts, Forecaster, ForecasterConfig, History, SLOTS};

/// What a forecast may know of the days before and of the day itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Information {
    /// All that both files hold up to the half hour before: what a running city knows.
    UpToTheSlot,
    /// Only the days of the fitting file before the day: the whole day is forecast at once.
    FitDaysBefore,
}

/// Mean absolute errors per cell and half hour.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// What was known.
    pub information: Information,
    /// Of the forecast: the median of the predicted law, which is what this error asks for.
    pub mae: f64,
    /// Of the better naive rule.
    pub mae_naive: f64,
    /// `mae / mae_naive`.
    pub ratio: f64,
    /// Of the predicted mean, which is what dispatch and surge use.
    pub mae_mean: f64,
    /// Of "the same half hour a week before".
    pub mae_week_before: f64,
    /// Of "the mean of that half hour and weekday so far".
    pub mae_weekday_mean: f64,
    /// Of "nobody will ride", to see how sparse the cells are.
    pub mae_zero: f64,
    /// Predicted over counted trips.
    pub bias: f64,
    /// Cells.
    pub cells: usize,
    /// Half hours of the test days, those without a trip included.
    pub slots: usize,
    /// Trips of the test days in these cells.
    pub trips: u64,
}

/// Goes through the days in order, forecasting each half hour of a test day before it is learned.
#[must_use]
pub fn evaluate(history: &History, config: &ForecasterConfig, information: Information) -> Evaluation {
    let cells = history.cells.len();
    let mut forecaster = Forecaster::new(config.clone(), cells);
    let law = forecaster.law();
    let mut errors = Errors::default();
    for (ix, day) in history.days.iter().enumerate() {
        // The length of a history is bounded far below i64::MAX.
        forecaster.begin_day(history.first + ix as i64);
        let open = |day: &DayCounts| day.counted && (information == Information::UpToTheSlot || !day.in_test);
        let known = |other: &usize| open(&history.days[*other]);
        let weeks: Vec<usize> = (ix % 7..ix).step_by(7).filter(known).collect();
        for slot in 0..SLOTS {
            let counted = day.slot(slot);
            if day.in_test {
                let forecast = forecaster.forecast(slot).unwrap_or_default();
                errors.slots += 1;
                for cell in 0..cells {
                    let actual = f64::from(counted[cell]);
                    let at = |week: &usize| f64::from(history.days[*week].slot(slot)[cell]);
                    let week_before = weeks.last().filter(|w| **w + 7 == ix).map_or(0.0, at);
                    let mean = weeks.iter().map(at).sum::<f64>() / weeks.len().max(1) as f64;
                    let median = f64::from(law.quantile(forecast[cell], 0.5));
                    errors.add(actual, forecast[cell], median, week_before, mean);
                }
            }
            if open(day) {
                forecaster.observe(slot, counted);
            }
        }
    }
    errors.report(information, cells)
}

#[derive(Default)]
struct Errors {
    slots: usize,
    pairs: usize,
    median: f64,
    mean: f64,
    week_before: f64,
    weekday_mean: f64,
    actual: f64,
    predicted: f64,
}

impl Errors {
    fn add(&mut self, actual: f64, mean: f64, median: f64, week_before: f64, weekday_mean: f64) {
        self.pairs += 1;
        self.median += (actual - median).abs();
        self.mean += (actual - mean).abs();
        self.week_before += (actual - week_before).abs();
        self.weekday_mean += (actual - weekday_mean).abs();
        self.actual += actual;
        self.predicted += mean;
    }

    fn report(&self, information: Information, cells: usize) -> Evaluation {
        let per = |sum: f64| sum / self.pairs.max(1) as f64;
        let (mae, mae_naive) = (per(self.median), per(self.week_before.min(self.weekday_mean)));
        Evaluation {
            information,
            mae,
            mae_naive,
            ratio: mae / mae_naive.max(f64::MIN_POSITIVE),
            mae_mean: per(self.mean),
            mae_week_before: per(self.week_before),
            mae_weekday_mean: per(self.weekday_mean),
            mae_zero: per(self.actual),
            bias: self.predicted / self.actual.max(1.0),
            cells,
            slots: self.slots,
            // A sum of counts, whole and not negative.
            trips: self.actual as u64,
        }
    }
}
