//! Writing what the loop has decided: many orders in one transaction, each by compare-and-set.

use doorstep_clock::Timestamp;
use doorstep_orders::{Actor, Command, Order, Orders, OrdersError};
use doorstep_store::Tx;
use doorstep_store::lease::{self, Lease};

use crate::live::routes::Changes;

/// The most orders in one transaction, so that others' writes get between.
const CHUNK: usize = 500;

/// What became of one decided command.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Written; this is the order now.
    Changed(Order),
    /// Somebody was quicker; this is the order now.
    Overtaken(Order),
    /// The driver has another order, or the order is not there.
    Refused(OrdersError),
}

/// Writes the commands as the dispatcher. A command that comes too late leaves the others alone;
/// an error means that nothing of its chunk was written.
pub(crate) async fn write(
    orders: &Orders,
    lease: &Lease,
    commands: Vec<(Order, Command)>,
    now: Timestamp,
) -> Result<Vec<Outcome>, OrdersError> {
    let mut outcomes = Vec::with_capacity(commands.len());
    let mut rest = commands;
    while !rest.is_empty() {
        let later = rest.split_off(rest.len().min(CHUNK));
        let chunk = std::mem::replace(&mut rest, later);
        let lease = lease.clone();
        let written = orders
            .write(move |orders, tx| {
                lease::check(tx, &lease)?;
                let mut outcomes = Vec::with_capacity(chunk.len());
                for (order, command) in &chunk {
                    outcomes.push(try_one(orders, tx, order, command, now)?);
                }
                Ok(outcomes)
            })
            .await?;
        outcomes.extend(written);
    }
    Ok(outcomes)
}

/// Writes decided routes with their commands, all in one transaction. Who looks for a car may be gone by now, and his
/// stops with him; a rider who was to change between routes and did not leaves both plans wrong: then the error says
/// so, and nothing was written.
pub(crate) async fn write_routes(
    orders: &Orders,
    lease: &Lease,
    city: &str,
    changes: Changes,
    now: Timestamp,
) -> Result<Vec<Outcome>, OrdersError> {
    let (lease, city) = (lease.clone(), city.to_owned());
    orders
        .write(move |orders, tx| {
            lease::check(tx, &lease)?;
            let mut outcomes = Vec::with_capacity(changes.commands.len());
            let mut void = Vec::new();
            for (order, command) in &changes.commands {
                if let Command::Reassign { .. } = command {
                    let order = orders.change_in(tx, order, command, Actor::Dispatcher, now)?;
                    outcomes.push(Outcome::Changed(order));
                    continue;
                }
                let outcome = try_one(orders, tx, order, command, now)?;
                if !matches!(outcome, Outcome::Changed(_)) {
                    void.push(order.id);
                }
                outcomes.push(outcome);
            }
            for route in &changes.routes {
                let mut route = route.clone();
                route.stops.retain(|stop| !void.contains(&stop.order));
                orders.write_route_in(tx, &city, &route, now)?;
            }
            Ok(outcomes)
        })
        .await
}

/// A command that comes too late leaves nothing behind.
fn try_one(
    orders: &Orders,
    tx: &mut dyn Tx,
    order: &Order,
    command: &Command,
    now: Timestamp,
) -> Result<Outcome, OrdersError> {
    match orders.change_in(tx, order, command, Actor::Dispatcher, now) {
        Ok(order) => Ok(Outcome::Changed(order)),
        Err(OrdersError::Store(error)) => Err(error.into()),
        Err(OrdersError::VersionConflict { .. }) => {
            Ok(Outcome::Overtaken(orders.get_in(tx, &order.tenant, order.id)?))
        }
        Err(refusal) => Ok(Outcome::Refused(refusal)),
    }
}
