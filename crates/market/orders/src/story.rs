//! A driver's story: what happened to him, in lines.

use doorstep_clock::Timestamp;
use doorstep_store::Tx;
use serde::{Deserialize, Serialize};

use crate::drivers;
use crate::error::OrdersError;
use crate::ids::{DriverId, OrderId};
use crate::machine::{EventKind, State};
use crate::order::OrderEvent;
use crate::records;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoryLine {
    /// City time.
    pub at: Timestamp,
    /// What happened: the word of an [`EventKind`].
    pub kind: EventKind,
    /// The order it happened with.
    pub order_id: Option<OrderId>,
    /// A short sentence.
    pub detail: String,
}

pub(crate) fn of_driver(
    tx: &mut dyn Tx,
    tenant: &str,
    id: DriverId,
    limit: usize,
) -> Result<Vec<StoryLine>, OrdersError> {
    drivers::get(tx, tenant, id)?;
    Ok(records::events_of_driver(tx, id, limit)?.iter().map(|event| line(event, id)).collect())
}

fn line(event: &OrderEvent, driver: DriverId) -> StoryLine {
    let order = &event.order;
    let because = event.reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
    let detail = match event.kind {
        EventKind::Offered => match order.pickup_eta_s {
            Some(eta) => format!("Offered, {eta:.0} s to {}", order.rider.name),
            None => format!("Offered, to pick up {}", order.rider.name),
        },
        EventKind::Reassigned
            if order.state == State::Accepted && order.driver.as_ref().is_some_and(|d| d.id == driver) =>
        {
            format!("{} joined the route{because}", order.rider.name)
        }
        EventKind::Reassigned if order.driver.as_ref().is_some_and(|d| d.id == driver) => {
            format!("Offered in place of another car{because}")
        }
        EventKind::Reassigned => format!("Given to another car{because}"),
        EventKind::Declined => format!("Declined{because}"),
        EventKind::TimedOut => "Not answered in time".to_owned(),
        EventKind::Withdrawn => format!("Offer taken back{because}"),
        EventKind::Assigned => match order.pickup_eta_s {
            Some(eta) => format!("{} joined the route, pickup in {eta:.0} s", order.rider.name),
            None => format!("{} joined the route", order.rider.name),
        },
        EventKind::Accepted => format!("Accepted {}", order.rider.name),
        EventKind::Arriving => format!("On the way to {}", order.rider.name),
        EventKind::Arrived => "At the pickup".to_owned(),
        EventKind::PickedUp => match order.wait_s {
            Some(wait) => format!("Picked up {} after {wait:.0} s", order.rider.name),
            None => format!("Picked up {}", order.rider.name),
        },
        EventKind::Completed => format!("Dropped off {}, {}", order.rider.name, order.fare),
        EventKind::Cancelled => {
            format!("Called off by the {}{because}", order.cancelled.as_ref().map_or("rider", |c| c.by.as_str()))
        }
        EventKind::Requested => "Requested".to_owned(),
        EventKind::NoDriver => "No driver found".to_owned(),
    };
    StoryLine { at: event.at, kind: event.kind, order_id: Some(event.order_id), detail }
}
