//! The four experiments, and what they share: fares, people, and the pay that drivers are used to.

mod outage;
mod step;
mod welfare;
mod wgc;

pub use outage::OutageReport;
pub use step::StepReport;
pub use welfare::{WelfareReport, WelfareRow};
pub use wgc::{Side, WgcReport, WgcRow};

use doorstep_pricing::{PriceBook, SurgeConfig, Tariff};

use super::{Demand, People, Policy, Run, SimulateError, Totals, Town, Tracked};

/// Fares fitted to recorded rides.
const GREEN: &str = include_str!("../green.toml");

/// A stage on which experiments are played.
#[derive(Clone, Debug)]
pub struct Stage {
    pub(super) town: Town,
    pub(super) people: People,
    pub(super) tariff: Tariff,
    pub(super) surge: SurgeConfig,
    pub(super) seed: u64,
    usual: PriceBook,
    usual_pay: f64,
}

/// One run on a stage.
#[derive(Clone, Debug)]
pub(super) struct Play<'a> {
    pub(super) demand: &'a Demand,
    pub(super) policy: Policy,
    /// All fares times this.
    pub(super) level: f64,
    pub(super) max_pickup_s: Option<f64>,
    pub(super) minutes: u32,
    pub(super) warm_up_minutes: u32,
    pub(super) seed: u64,
}

impl Stage {
    /// Sets the stage. The surge model's idea of how cars approach is measured on the town, and the pay that
    /// drivers are used to is that of a run at the flat fare and the recorded demand.
    ///
    /// # Errors
    /// [`SimulateError`] for numbers that make no people or no model.
    pub fn new(town: Town, people: People, surge: SurgeConfig, seed: u64) -> Result<Self, SimulateError> {
        people.check()?;
        let tariff = Tariff::from_toml(GREEN)?.tariff().clone();
        let usual = tariff.clone().compile()?;
        let surge = SurgeConfig { speed_mps: town.crow_mps * surge.detour, elasticity: people.elasticity, ..surge };
        let mut stage = Self { town, people, tariff, surge, seed, usual, usual_pay: 0.0 };
        let (fixed, demand) = (People { choose_hours: false, ..stage.people.clone() }, Demand::steady(1.0));
        let chosen = std::mem::replace(&mut stage.people, fixed);
        stage.usual_pay = stage.play(&Play::of(&demand, Policy::Flat, 90, seed))?.totals.pay_per_hour();
        stage.people = chosen;
        Ok(stage)
    }

    /// What drivers are used to earn in an hour, minor units.
    #[must_use]
    pub const fn usual_pay(&self) -> f64 {
        self.usual_pay
    }

    /// The surge model as it was fitted to the town.
    #[must_use]
    pub const fn surge(&self) -> &SurgeConfig {
        &self.surge
    }

    /// The town.
    #[must_use]
    pub const fn town(&self) -> &Town {
        &self.town
    }

    /// The people.
    #[must_use]
    pub const fn people(&self) -> &People {
        &self.people
    }

    pub(super) fn play(&self, play: &Play<'_>) -> Result<Tracked, SimulateError> {
        let scaled = |price: i64| (price as f64 * play.level).round() as i64;
        let t = &self.tariff;
        let tariff = Tariff {
            base: scaled(t.base),
            per_km: scaled(t.per_km),
            per_minute: scaled(t.per_minute),
            minimum: scaled(t.minimum),
            ..t.clone()
        };
        let run = Run {
            town: &self.town,
            people: &self.people,
            book: &tariff.compile()?,
            usual: &self.usual,
            demand: play.demand,
            policy: play.policy.clone(),
            surge: &self.surge,
            max_pickup_s: play.max_pickup_s,
            usual_pay: self.usual_pay,
            length_s: f64::from(play.minutes) * 60.0,
            warm_up_s: f64::from(play.warm_up_minutes) * 60.0,
            seed: play.seed,
        };
        run.run()
    }
}

impl<'a> Play<'a> {
    /// At the usual fares, cars from anywhere, the first third not counted.
    pub(super) fn of(demand: &'a Demand, policy: Policy, minutes: u32, seed: u64) -> Self {
        Self { demand, policy, level: 1.0, max_pickup_s: None, minutes, warm_up_minutes: minutes / 3, seed }
    }
}

/// Rides per hour of the counted part.
fn per_hour(totals: &Totals, minutes: u32) -> f64 {
    totals.served as f64 * 60.0 / f64::from(minutes.max(1))
}
