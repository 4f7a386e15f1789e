//! Writing what the loop has decided: many orders in one transaction, each by compare-and-set.

use doorstep_clock::Timestamp;
use doorstep_orders::{Actor, Command, Order, Orders, OrdersError};
use doorstep_store::lease::{self, Lease};

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
                    outcomes.push(match orders.change_in(tx, order, command, Actor::Dispatcher, now) {
                        Ok(order) => Outcome::Changed(order),
                        Err(OrdersError::Store(error)) => return Err(error.into()),
                        Err(OrdersError::VersionConflict { .. }) => {
                            Outcome::Overtaken(orders.get_in(tx, &order.tenant, order.id)?)
                        }
                        Err(refusal) => Outcome::Refused(refusal),
                    });
                }
                Ok(outcomes)
            })
            .await?;
        outcomes.extend(written);
    }
    Ok(outcomes)
}
