//! What drivers are told with the answer to their positions: where they had best wait, and that their route is another.

use doorstep_city::live::{self, LiveCity};
use doorstep_orders::DriverId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema::LatLon;

/// Where an idle driver had best wait. Nothing happens to who does not follow it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// The place: a street corner.
    pub place: LatLon,
    /// `requests_expected`: more requests are expected there than cars are near.
    pub reason: String,
    /// Until then, city time, RFC 3339; a newer one may come before.
    pub expires_at: String,
}

impl From<live::Suggestion> for Suggestion {
    fn from(suggestion: live::Suggestion) -> Self {
        Self {
            place: suggestion.place.into(),
            reason: suggestion.reason.as_str().to_owned(),
            expires_at: suggestion.expires_at.to_string(),
        }
    }
}

/// A suggestion and whom it is for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DriverSuggestion {
    /// The driver's id.
    pub driver: String,
    /// Where to.
    pub suggestion: Suggestion,
}

/// Of these drivers those who have to read their route again.
pub(crate) fn rerouted(city: &LiveCity, tenant: &str, drivers: &[DriverId]) -> Vec<String> {
    city.tell_routes(tenant, drivers).iter().map(ToString::to_string).collect()
}

/// What these drivers were not told yet.
pub(crate) fn news(city: &LiveCity, tenant: &str, drivers: &[DriverId]) -> Vec<DriverSuggestion> {
    let told = city.tell_suggestions(tenant, drivers);
    let news = |(driver, suggestion): (DriverId, live::Suggestion)| DriverSuggestion {
        driver: driver.to_string(),
        suggestion: suggestion.into(),
    };
    told.into_iter().map(news).collect()
}
