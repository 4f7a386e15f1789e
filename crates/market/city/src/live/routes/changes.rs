//! From proposals to commands: who is offered, put on a route, moved to another. Pure.

use std::collections::HashSet;

use doorstep_clock::Timestamp;
use doorstep_orders::{Command, DriverId, DriverRoute, MOST_ORDERS, Order, OrderId, State};

use crate::live::routes::scene::{Proposal, Scene};

/// What is to be written, all together or not at all.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) commands: Vec<(Order, Command)>,
    /// The new stops of drivers with a route.
    pub(crate) routes: Vec<DriverRoute>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.routes.is_empty()
    }
}

impl Scene {
    /// The commands for what was proposed, given the orders as they are by now. `None` when something happened since
    /// that a route cannot be cut to: it is decided again.
    pub(crate) fn changes<'a>(
        &self,
        proposals: &[Proposal],
        expires_at: Timestamp,
        current: impl Fn(OrderId) -> Option<&'a Order>,
        held: impl Fn(DriverId) -> Vec<OrderId>,
    ) -> Option<Changes> {
        let mut changes = Changes::default();
        for proposal in proposals {
            let car = &self.cars[proposal.car];
            if proposal.stops == car.stops {
                continue;
            }
            let driver = car.driver.id;
            // An order that left the car only makes room; one that came was not in the picture.
            if held(driver).iter().any(|id| !car.held.contains(id)) {
                return None;
            }
            let mut void: HashSet<OrderId> = HashSet::new();
            let mut asked = false;
            for (stop, eta_ms) in proposal.stops.iter().zip(&proposal.eta_ms) {
                let Some(seen) = self.orders.iter().find(|order| order.id == stop.order) else { continue };
                let Some(now) = current(stop.order) else {
                    void.insert(stop.order);
                    continue;
                };
                if !stop.pickup || seen.holder() == Some(driver) {
                    continue;
                }
                let unchanged = now.version == seen.version;
                let pickup_eta_ms = u32::try_from((*eta_ms).max(0)).ok();
                let reference = car.driver.clone();
                let command = match seen.state {
                    _ if !unchanged && seen.state == State::Searching => {
                        void.insert(stop.order);
                        continue;
                    }
                    _ if !unchanged => return None,
                    State::Searching if car.held.is_empty() && !asked => {
                        asked = true;
                        Command::Offer { driver: reference, expires_at, pickup_eta_ms }
                    }
                    // Behind the one who is offered: decided when the driver has answered.
                    State::Searching if car.held.is_empty() => continue,
                    State::Searching => Command::Assign { driver: reference, pickup_eta_ms, room: MOST_ORDERS },
                    _ => Command::Reassign { driver: reference, pickup_eta_ms, room: MOST_ORDERS },
                };
                changes.commands.push((now.clone(), command));
            }
            if !car.held.is_empty() {
                let stops = proposal.stops.iter().filter(|stop| !void.contains(&stop.order)).copied().collect();
                changes.routes.push(DriverRoute { driver, stops });
            }
        }
        // Who leaves a route makes room for who joins it.
        changes.commands.sort_by_key(|(_, command)| !matches!(command, Command::Reassign { .. }));
        Some(changes)
    }
}
