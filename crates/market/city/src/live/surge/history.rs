//! The orders of the past weeks, read beside the loop: what the forecast begins with.

use std::collections::HashMap;
use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_orders::{OrderId, OrdersError};
use tokio::sync::mpsc::WeakUnboundedSender;

use super::Asking;
use crate::live::run::Ask;
use crate::live::service::Shared;

/// Eight weeks tell weekdays apart and still follow a city that changes.
const LOOK_BACK_MS: i64 = 56 * 86_400_000;
/// Orders of one read.
const PAGE: usize = 2_000;
/// The most orders that are looked at; where there are more, the newest weeks are missing and come as they happen.
const MOST: usize = 300_000;

/// Reads them and tells the loop; a city that cannot be read goes on without a forecast.
pub(crate) fn read_history(shared: &Arc<Shared>, tell: WeakUnboundedSender<Ask>) {
    if shared.config.surge_s <= 0.0 {
        return;
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let since = shared.clock.now().plus_ms(-LOOK_BACK_MS);
        let past = past(&shared, since).await.unwrap_or_else(|error| {
            tracing::warn!(city = shared.map.id(), %error, "no past orders can be read, the forecast begins anew");
            Vec::new()
        });
        tracing::info!(city = shared.map.id(), orders = past.len(), "the forecast has read the past weeks");
        if let Some(tell) = tell.upgrade() {
            // The loop may have ended.
            let _ = tell.send(Ask::History(past));
        }
    });
}

async fn past(shared: &Shared, since: Timestamp) -> Result<Vec<Asking>, OrdersError> {
    let mut tenants: HashMap<String, Arc<str>> = HashMap::new();
    let (mut past, mut after): (Vec<Asking>, Option<OrderId>) = (Vec::new(), None);
    loop {
        let city = shared.map.id().to_owned();
        let page = shared.orders.read(move |orders, tx| orders.made_after_in(tx, &city, after, since, PAGE)).await?;
        after = page.last().map(|order| order.id);
        let last = page.len() < PAGE;
        past.extend(page.into_iter().map(|order| {
            let tenant = tenants.entry(order.tenant).or_insert_with_key(|tenant| tenant.as_str().into());
            Asking { tenant: Arc::clone(tenant), at: order.requested_at, pickup: order.pickup }
        }));
        if last || past.len() >= MOST {
            return Ok(past);
        }
    }
}
