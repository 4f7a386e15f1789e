//! The surge model's numbers, judged as a whole.

use serde::{Deserialize, Serialize};

use crate::tariff::form;
use crate::window::WindowRule;
use crate::{Mistakes, PricingError, WindowLimits};

/// What the observed demand is a count of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DemandSignal {
    /// Riders who asked for a price: they do so before they know it.
    #[default]
    Quotes,
    /// Rides ordered at the price of the moment; the model adds those whom it kept away.
    Orders,
}

/// The numbers of the surge model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SurgeConfig {
    /// H3 resolution of its cells: 8 is about 1 km across, 9 about 400 m.
    pub resolution: u8,
    /// What is counted as demand.
    pub demand: DemandSignal,
    /// The pickup time that prices shall keep, seconds.
    pub target_pickup_s: f64,
    /// How far it looks ahead, seconds: cars that become free within it count as supply.
    pub horizon_s: f64,
    /// Which part of a lack of idle cars it makes good within the horizon, 0 to 1.
    pub gain: f64,
    /// How fast it lets go of idle cars above those that it wants: 1 all of them within the horizon, 2 within half of
    /// it.
    pub release: f64,
    /// By how much demand falls when the price rises: requests go as the multiplier to the minus this.
    pub elasticity: f64,
    /// Expected requests in the horizon at which a cell's own data count half, and its region's the other half.
    pub evidence: f64,
    /// How fast cars drive to a pickup, metres a second.
    pub speed_mps: f64,
    /// Road distance over the crow's.
    pub detour: f64,
    /// What a pickup takes besides driving, seconds.
    pub pickup_fixed_s: f64,
    /// The highest multiplier that the model asks for.
    pub max_multiplier: f64,
    /// Published multipliers are one plus a whole number of these.
    pub step: f64,
    /// Which part of a step more than half of one is needed before the published multiplier moves.
    pub hysteresis: f64,
    /// How much of a cell's counts come from its neighbours, 0 to 1.
    pub pooling: f64,
    /// How often the counts are spread to neighbours: each time reaches one ring further.
    pub pooling_rings: u8,
    /// How much of a cell's multiplier comes from its neighbours, 0 to 1.
    pub blending: f64,
    /// Half-life of what was counted as demand, seconds.
    pub demand_half_life_s: f64,
    /// The forecast weighs as much as this many seconds of counting.
    pub forecast_weight_s: f64,
    /// Half-life of a rising multiplier, seconds.
    pub rise_half_life_s: f64,
    /// Half-life of a falling multiplier, seconds.
    pub fall_half_life_s: f64,
    /// A map older than this prices nothing: the fare is flat.
    pub max_age_s: f64,
    /// The published multiplier stays 1 until the model has watched for this long.
    pub warm_up_s: f64,
    /// Riders are gathered for a while before they are matched, for a time that is chosen together with the price;
    /// none: batches are of one length.
    pub window: Option<WindowLimits>,
}

impl Default for SurgeConfig {
    fn default() -> Self {
        Self {
            resolution: 8,
            demand: DemandSignal::Quotes,
            target_pickup_s: 180.0,
            horizon_s: 300.0,
            gain: 0.7,
            release: 1.5,
            elasticity: 1.2,
            evidence: 2.0,
            speed_mps: 5.5,
            detour: 1.3,
            pickup_fixed_s: 30.0,
            max_multiplier: 5.0,
            step: 0.05,
            hysteresis: 0.25,
            pooling: 0.6,
            pooling_rings: 2,
            blending: 0.3,
            demand_half_life_s: 120.0,
            forecast_weight_s: 60.0,
            rise_half_life_s: 30.0,
            fall_half_life_s: 60.0,
            max_age_s: 180.0,
            warm_up_s: 60.0,
            window: None,
        }
    }
}

impl SurgeConfig {
    /// Reads TOML; what it does not name keeps its default.
    ///
    /// # Errors
    /// [`PricingError::Unreadable`], or [`PricingError::Invalid`] with every mistake.
    pub fn from_toml(text: &str) -> Result<Self, PricingError> {
        let what = "surge configuration";
        let tree =
            toml::from_str(text).map_err(|error| PricingError::Unreadable { what, reason: error.to_string() })?;
        let mut mistakes = Mistakes::default();
        let config: Self = form(what, tree, &mut mistakes)?;
        config.judge(&mut mistakes);
        PricingError::of(what, mistakes)?;
        Ok(config)
    }

    /// Refuses numbers that make no model, all of them together.
    ///
    /// # Errors
    /// [`PricingError::Invalid`].
    pub fn check(&self) -> Result<(), PricingError> {
        let mut mistakes = Mistakes::default();
        self.judge(&mut mistakes);
        PricingError::of("surge configuration", mistakes)
    }

    /// The rule of the joint window, where there is one: the same city, the same wait to keep.
    pub(super) fn window_rule(&self) -> Option<WindowRule> {
        let WindowLimits { least_s, most_s } = self.window?;
        Some(WindowRule {
            least_s,
            most_s,
            speed_mps: self.speed_mps,
            detour: self.detour,
            pickup_fixed_s: self.pickup_fixed_s,
            target_wait_s: self.target_pickup_s,
            elasticity: self.elasticity,
            max_multiplier: self.max_multiplier,
        })
    }

    fn judge(&self, mistakes: &mut Mistakes) {
        if let Some(WindowLimits { least_s, most_s }) = self.window {
            for (field, value, least, most) in
                [("/window/least_s", least_s, 0.5, 60.0), ("/window/most_s", most_s, least_s.max(0.5), 60.0)]
            {
                if !(least..=most).contains(&value) {
                    mistakes.note(field, format!("{value} is out of range"), format!("write {least} to {most}"));
                }
            }
        }
        mistakes.demand(
            (5..=10).contains(&self.resolution),
            "/resolution",
            format!("{} does not fit a city", self.resolution),
            "write 5 to 10; 8 is about 1 km across",
        );
        for (field, value, least, most) in [
            ("/target_pickup_s", self.target_pickup_s, 30.0, 3_600.0),
            ("/horizon_s", self.horizon_s, 30.0, 3_600.0),
            ("/gain", self.gain, 0.05, 1.0),
            ("/release", self.release, 0.1, 20.0),
            ("/elasticity", self.elasticity, 0.2, 5.0),
            ("/evidence", self.evidence, 0.0, 1_000.0),
            ("/speed_mps", self.speed_mps, 0.5, 50.0),
            ("/detour", self.detour, 1.0, 5.0),
            ("/pickup_fixed_s", self.pickup_fixed_s, 0.0, 600.0),
            ("/max_multiplier", self.max_multiplier, 1.0, 100.0),
            ("/step", self.step, 0.001, 1.0),
            ("/hysteresis", self.hysteresis, 0.0, 1.0),
            ("/pooling", self.pooling, 0.0, 0.9),
            ("/blending", self.blending, 0.0, 0.9),
            ("/demand_half_life_s", self.demand_half_life_s, 1.0, 86_400.0),
            ("/forecast_weight_s", self.forecast_weight_s, 0.0, 86_400.0),
            ("/rise_half_life_s", self.rise_half_life_s, 0.0, 3_600.0),
            ("/fall_half_life_s", self.fall_half_life_s, 0.0, 3_600.0),
            ("/max_age_s", self.max_age_s, 1.0, 86_400.0),
            ("/warm_up_s", self.warm_up_s, 0.0, 86_400.0),
        ] {
            if !(least..=most).contains(&value) {
                mistakes.note(field, format!("{value} is out of range"), format!("write {least} to {most}"));
            }
        }
        mistakes.demand(
            self.pooling_rings <= 5,
            "/pooling_rings",
            format!("{} reaches too far", self.pooling_rings),
            "write 0 to 5",
        );
        mistakes.demand(
            self.target_pickup_s > self.pickup_fixed_s + 5.0,
            "/target_pickup_s",
            "no car could be so near",
            "write more than pickup_fixed_s and a drive of 5 seconds",
        );
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_differs_and_all_that_is_wrong_with_it() {
        let config = SurgeConfig::from_toml("target_pickup_s = 240\ndemand = \"orders\"").unwrap();
        assert_eq!((config.target_pickup_s, config.demand), (240.0, DemandSignal::Orders));
        assert_eq!(config.step, SurgeConfig::default().step);
        let joint = SurgeConfig::from_toml("[window]\nmost_s = 20").unwrap();
        assert_eq!(joint.window, Some(WindowLimits { least_s: 2.0, most_s: 20.0 }));
        let told = SurgeConfig::from_toml("[window]\nleast_s = 9\nmost_s = 4").unwrap_err().to_string();
        assert!(told.contains("/window/most_s"), "{told}");
        let broken = SurgeConfig::from_toml("resolution = 3\ngain = 7\nstep = \"small\"\nspeed = 1").unwrap_err();
        let told = broken.to_string();
        for field in ["/resolution", "/gain", "/step", "/speed"] {
            assert!(told.contains(field), "{field} in {told}");
        }
    }
}
