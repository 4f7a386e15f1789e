//! Quotes: a price and an arrival time, signed, good for five minutes of city time.
//!
//! The token carries everything an order needs, so quoting touches no store; whoever alters one
//! letter of it is refused by the signature before anything in it is believed.

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_identity::Signer;
use doorstep_money::Money;
use doorstep_pricing::{Price, PricePart, Why};
use serde::{Deserialize, Serialize};

use crate::error::OrdersError;
use crate::ids::QuoteId;
use crate::needs::{Asked, RideNeeds, RideWishes};
use crate::order::seconds;
use crate::share::{ShareClaims, ShareOffer, SharedRide};

/// How long a quote holds, milliseconds of city time.
pub const QUOTE_TTL_MS: i64 = 5 * 60 * 1_000;

/// Tokens of other purposes do not pass as quotes.
const PURPOSE: &str = "rides.quote";

/// What a quote is made of; the roads have answered already.
#[derive(Debug, Clone)]
pub struct QuoteInput {
    /// Who asks.
    pub tenant: String,
    /// City id.
    pub city: String,
    /// Where from.
    pub pickup: Point,
    /// Where to.
    pub dropoff: Point,
    /// Road node nearest to the pickup.
    pub pickup_node: u32,
    /// Road node nearest to the drop-off.
    pub dropoff_node: u32,
    /// Seats.
    pub seats: u8,
    /// What has to fit beside people on seats.
    pub needs: RideNeeds,
    /// With whom the rider wants to ride.
    pub wishes: RideWishes,
    /// The direct trip, milliseconds.
    pub trip_ms: u32,
    /// The direct trip, metres.
    pub distance_m: u32,
    /// Drive of the nearest free car to the pickup, milliseconds; `None` when no car is free.
    pub pickup_eta_ms: Option<u32>,
    /// What the trip costs, and why.
    pub price: Price,
    /// The same ride with sharing, where the city offers it.
    pub share: Option<SharedRide>,
}

/// What the token promises. Only a verified token yields one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuoteClaims {
    /// Id of the quote.
    pub id: QuoteId,
    /// Who asked.
    pub tenant: String,
    /// City id.
    pub city: String,
    /// Industry.
    pub industry: String,
    /// Where from.
    pub pickup: Point,
    /// Where to.
    pub dropoff: Point,
    /// Road node of the pickup.
    pub pickup_node: u32,
    /// Road node of the drop-off.
    pub dropoff_node: u32,
    /// Seats.
    pub seats: u8,
    /// What has to fit beside people on seats.
    #[serde(default)]
    pub needs: RideNeeds,
    /// With whom the rider wants to ride.
    #[serde(default)]
    pub wishes: RideWishes,
    /// The price with its lines and its reason: locked, it never rises.
    pub price: Price,
    /// The direct trip, milliseconds.
    pub trip_ms: u32,
    /// Estimated drive to the pickup, milliseconds.
    pub pickup_eta_ms: Option<u32>,
    /// The promise holds until then, city time.
    pub expires_at: Timestamp,
    /// The same ride with sharing, if it was offered.
    #[serde(default)]
    pub share: Option<ShareClaims>,
}

/// A quote as the rider sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// Id.
    pub id: QuoteId,
    /// Hand this back to order.
    pub token: String,
    /// The price.
    pub fare: Money,
    /// What the price is made of.
    pub parts: Vec<PricePart>,
    /// Why it is this price.
    pub why: Why,
    /// Estimated drive to the pickup, seconds; `None` when no car is free.
    pub pickup_eta_s: Option<f64>,
    /// The direct trip, seconds.
    pub trip_s: f64,
    /// The direct trip, metres.
    pub distance_m: u32,
    /// The promise holds until then, city time.
    pub expires_at: Timestamp,
    /// The same ride with sharing, where the city offers it: the order says which of the two it wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareOffer>,
}

/// Signs the promise.
pub(crate) fn issue(signer: &Signer, input: QuoteInput, now: Timestamp) -> Result<Quote, OrdersError> {
    Asked { seats: input.seats, needs: input.needs, wishes: input.wishes }.check()?;
    let share_offer = input.share.as_ref().map(|shared| shared.offer(input.price.total));
    let claims = QuoteClaims {
        id: QuoteId::generate(now),
        tenant: input.tenant,
        city: input.city,
        industry: "rides".to_owned(),
        pickup: input.pickup,
        dropoff: input.dropoff,
        pickup_node: input.pickup_node,
        dropoff_node: input.dropoff_node,
        seats: input.seats,
        needs: input.needs,
        wishes: input.wishes,
        price: input.price,
        trip_ms: input.trip_ms,
        pickup_eta_ms: input.pickup_eta_ms,
        expires_at: now.plus_ms(QUOTE_TTL_MS),
        share: input.share.map(SharedRide::claims),
    };
    Ok(Quote {
        id: claims.id,
        token: signer.sign(PURPOSE, &claims),
        fare: claims.price.total,
        pickup_eta_s: claims.pickup_eta_ms.map(|ms| seconds(i64::from(ms))),
        trip_s: seconds(i64::from(claims.trip_ms)),
        distance_m: input.distance_m,
        expires_at: claims.expires_at,
        parts: claims.price.parts,
        why: claims.price.why,
        share: share_offer,
    })
}

/// Believes the signature, and nothing else.
pub(crate) fn read(signer: &Signer, token: &str) -> Result<QuoteClaims, OrdersError> {
    signer.verify(PURPOSE, token).map_err(|e| OrdersError::QuoteAltered { reason: e.to_string() })
}

/// Reads a token back: altered, foreign and expired ones are refused.
pub(crate) fn redeem(signer: &Signer, tenant: &str, token: &str, now: Timestamp) -> Result<QuoteClaims, OrdersError> {
    let claims = read(signer, token)?;
    if claims.tenant != tenant {
        return Err(OrdersError::QuoteForeign { quote: claims.id });
    }
    if now > claims.expires_at {
        return Err(OrdersError::QuoteExpired { quote: claims.id, expired_at: claims.expires_at });
    }
    Ok(claims)
}
