//! The life of a ride: states, commands, who may give them, and the one table of transitions.
//!
//! ```text
//!  searching ──offer──▶ offered ──accept──▶ accepted ──depart──▶ arriving ──arrive──▶ arrived ──pickup──▶ on_trip ──complete──▶ completed
//!     ▲  │                 │                    │                    │                   │
//!     │  └─give_up▶ no_driver                   │                    │                   │
//!     └──── decline, timeout, withdraw ┘── release ┘─────────────────┘───────────────────┘
//!  cancel: from every state before the pickup to cancelled
//!  assign: from searching straight to accepted, onto the route of a driver who has taken shared rides;
//!  reassign: from one such route to another, before the car is there
//! ```
//!
//! [`apply`] is pure: the same order, command, actor and time give the same answer. The live
//! service, the tests and the store all go through it.

use std::fmt;

use doorstep_clock::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::DriverId;
use crate::order::{Cancelled, DriverRef, Order, OrderEvent};

/// An enum whose variants have one stable word each, for logs, labels, the API and the store.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }
        impl $name {
            /// All of them, in the order of a ride.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads the stable word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Where an order stands.
    State {
        /// No driver yet; the city looks for one.
        Searching = "searching",
        /// Offered to one driver who has not answered.
        Offered = "offered",
        /// The driver took it.
        Accepted = "accepted",
        /// The driver is on the way to the pickup.
        Arriving = "arriving",
        /// The driver waits at the pickup.
        Arrived = "arrived",
        /// The rider is aboard.
        OnTrip = "on_trip",
        /// Dropped off.
        Completed = "completed",
        /// Called off before the pickup.
        Cancelled = "cancelled",
        /// Nobody was found in time.
        NoDriver = "no_driver",
    }
}

impl State {
    /// Something can still happen.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Completed | Self::Cancelled | Self::NoDriver)
    }

    /// The order holds a driver, who can hold no other.
    #[must_use]
    pub const fn holds_driver(self) -> bool {
        matches!(self, Self::Offered | Self::Accepted | Self::Arriving | Self::Arrived | Self::OnTrip)
    }
}

words! {
    /// Who gives a command.
    Actor {
        /// The rider, or an app in the rider's name.
        Rider = "rider",
        /// The driver, or an app in the driver's name.
        Driver = "driver",
        /// A person of the operator.
        Operator = "operator",
        /// The city's own dispatcher.
        Dispatcher = "dispatcher",
    }
}

words! {
    /// The name of a command, without what it carries.
    CommandKind {
        /// Offer the order to a driver.
        Offer = "offer",
        /// The driver takes the offer.
        Accept = "accept",
        /// The driver refuses the offer.
        Decline = "decline",
        /// The offer ran out unanswered.
        Timeout = "timeout",
        /// The offer is taken back (its driver went offline or silent).
        Withdraw = "withdraw",
        /// The driver sets out for the pickup.
        Depart = "depart",
        /// The driver is at the pickup.
        Arrive = "arrive",
        /// The rider is aboard.
        Pickup = "pickup",
        /// The rider is dropped off.
        Complete = "complete",
        /// The order leaves its driver and searches again.
        Release = "release",
        /// The order leaves its driver and is offered to another at once.
        Reoffer = "reoffer",
        /// The order is put on the route of a driver who has taken shared rides: nobody is asked.
        Assign = "assign",
        /// The order leaves one such route for another.
        Reassign = "reassign",
        /// Call the order off.
        Cancel = "cancel",
        /// The wait was too long; nobody was found.
        GiveUp = "give_up",
    }
}

words! {
    /// What happened: the kind of an [`OrderEvent`].
    EventKind {
        /// Made from a quote.
        Requested = "requested",
        /// Offered to a driver.
        Offered = "offered",
        /// Refused by the driver.
        Declined = "declined",
        /// Not answered in time.
        TimedOut = "timed_out",
        /// Taken back from a driver who had not answered.
        Withdrawn = "withdrawn",
        /// Taken by the driver.
        Accepted = "accepted",
        /// Put on the route of a driver who has taken shared rides.
        Assigned = "assigned",
        /// The driver set out.
        Arriving = "arriving",
        /// The driver is at the pickup.
        Arrived = "arrived",
        /// The rider is aboard.
        PickedUp = "picked_up",
        /// Dropped off.
        Completed = "completed",
        /// Taken from a driver who had accepted.
        Reassigned = "reassigned",
        /// Called off.
        Cancelled = "cancelled",
        /// Nobody was found.
        NoDriver = "no_driver",
    }
}

words! {
    /// Why an order leaves the driver it was with.
    ReassignReason {
        /// The driver gave it back.
        DriverCancelled = "driver_cancelled",
        /// Nothing was heard of the driver.
        DriverSilent = "driver_silent",
        /// The driver ended the shift.
        DriverOffline = "driver_offline",
        /// Another car is there clearly sooner.
        BetterCar = "better_car",
        /// Another car's route keeps all promises at less cost.
        BetterRoute = "better_route",
        /// A person of the operator decided so.
        OperatorDecided = "operator_decided",
    }
}

/// One line of the table: in this state, this command leads there, if one of these gives it.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// State before.
    pub from: State,
    /// The command.
    pub command: CommandKind,
    /// State after.
    pub to: State,
    /// The event it leaves behind.
    pub event: EventKind,
    /// Who may give it.
    pub actors: &'static [Actor],
}

const DISPATCH: &[Actor] = &[Actor::Dispatcher, Actor::Operator];
const ROUTE: &[Actor] = &[Actor::Dispatcher];
const DRIVE: &[Actor] = &[Actor::Driver, Actor::Operator];
const GIVE_BACK: &[Actor] = &[Actor::Driver, Actor::Operator, Actor::Dispatcher];
const CALL_OFF: &[Actor] = &[Actor::Rider, Actor::Operator];

const fn rule(from: State, command: CommandKind, to: State, event: EventKind, actors: &'static [Actor]) -> Rule {
    Rule { from, command, to, event, actors }
}

/// Everything that can happen to a ride. What is not here is refused.
#[rustfmt::skip]
pub const TRANSITIONS: &[Rule] = &[
    rule(State::Searching, CommandKind::Offer,    State::Offered,   EventKind::Offered,    DISPATCH),
    rule(State::Searching, CommandKind::Assign,   State::Accepted,  EventKind::Assigned,   ROUTE),
    rule(State::Searching, CommandKind::GiveUp,   State::NoDriver,  EventKind::NoDriver,   DISPATCH),
    rule(State::Searching, CommandKind::Cancel,   State::Cancelled, EventKind::Cancelled,  CALL_OFF),

    rule(State::Offered,   CommandKind::Accept,   State::Accepted,  EventKind::Accepted,   DRIVE),
    rule(State::Offered,   CommandKind::Decline,  State::Searching, EventKind::Declined,   DRIVE),
    rule(State::Offered,   CommandKind::Timeout,  State::Searching, EventKind::TimedOut,   DISPATCH),
    rule(State::Offered,   CommandKind::Withdraw, State::Searching, EventKind::Withdrawn,  DISPATCH),
    rule(State::Offered,   CommandKind::Cancel,   State::Cancelled, EventKind::Cancelled,  CALL_OFF),

    rule(State::Accepted,  CommandKind::Depart,   State::Arriving,  EventKind::Arriving,   DRIVE),
    rule(State::Accepted,  CommandKind::Arrive,   State::Arrived,   EventKind::Arrived,    DRIVE),
    rule(State::Accepted,  CommandKind::Release,  State::Searching, EventKind::Reassigned, GIVE_BACK),
    rule(State::Accepted,  CommandKind::Reoffer,  State::Offered,   EventKind::Reassigned, DISPATCH),
    rule(State::Accepted,  CommandKind::Reassign, State::Accepted,  EventKind::Reassigned, ROUTE),
    rule(State::Accepted,  CommandKind::Cancel,   State::Cancelled, EventKind::Cancelled,  CALL_OFF),

    rule(State::Arriving,  CommandKind::Arrive,   State::Arrived,   EventKind::Arrived,    DRIVE),
    rule(State::Arriving,  CommandKind::Release,  State::Searching, EventKind::Reassigned, GIVE_BACK),
    rule(State::Arriving,  CommandKind::Reoffer,  State::Offered,   EventKind::Reassigned, DISPATCH),
    rule(State::Arriving,  CommandKind::Reassign, State::Accepted,  EventKind::Reassigned, ROUTE),
    rule(State::Arriving,  CommandKind::Cancel,   State::Cancelled, EventKind::Cancelled,  CALL_OFF),

    rule(State::Arrived,   CommandKind::Pickup,   State::OnTrip,    EventKind::PickedUp,   DRIVE),
    rule(State::Arrived,   CommandKind::Release,  State::Searching, EventKind::Reassigned, GIVE_BACK),
    rule(State::Arrived,   CommandKind::Cancel,   State::Cancelled, EventKind::Cancelled,  CALL_OFF),

    rule(State::OnTrip,    CommandKind::Complete, State::Completed, EventKind::Completed,  DRIVE),
];

/// A command with what it carries. Times are city time.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Offer to this driver until `expires_at`.
    Offer {
        /** Who. */
        driver: DriverRef,
        /** When the offer runs out. */
        expires_at: Timestamp,
        /** Estimated drive to the pickup, milliseconds. */
        pickup_eta_ms: Option<u32>,
    },
    /// The driver takes it.
    Accept {
        /** Who says so. */
        driver: DriverId,
    },
    /// The driver refuses.
    Decline {
        /** Who says so. */
        driver: DriverId,
        /** In the driver's words. */
        reason: Option<String>,
    },
    /// The offer ran out.
    Timeout,
    /// The offer is taken back.
    Withdraw {
        /** Why. */
        reason: ReassignReason,
    },
    /// The driver sets out.
    Depart {
        /** Who says so. */
        driver: DriverId,
    },
    /// The driver is at the pickup.
    Arrive {
        /** Who says so. */
        driver: DriverId,
    },
    /// The rider is aboard.
    Pickup {
        /** Who says so. */
        driver: DriverId,
    },
    /// The rider is dropped off.
    Complete {
        /** Who says so. */
        driver: DriverId,
    },
    /// Back to searching; a driver who gives the order back names himself.
    Release {
        /** The driver who gives it back. */
        driver: Option<DriverId>,
        /** Why. */
        reason: ReassignReason,
    },
    /// To another driver at once.
    Reoffer {
        /** To whom. */
        driver: DriverRef,
        /** When the offer runs out. */
        expires_at: Timestamp,
        /** Estimated drive to the pickup, milliseconds. */
        pickup_eta_ms: Option<u32>,
        /** Why. */
        reason: ReassignReason,
    },
    /// Onto the route of a driver who has taken shared rides.
    Assign {
        /** Whose route. */
        driver: DriverRef,
        /** When the car will be there, from now, milliseconds. */
        pickup_eta_ms: Option<u32>,
        /** The most orders that he may have at once. */
        room: u8,
    },
    /// From one such route to another.
    Reassign {
        /** Whose route. */
        driver: DriverRef,
        /** When the car will be there, from now, milliseconds. */
        pickup_eta_ms: Option<u32>,
        /** The most orders that he may have at once. */
        room: u8,
    },
    /// Call it off.
    Cancel {
        /** In the caller's words. */
        reason: String,
    },
    /// Nobody was found.
    GiveUp,
}

impl Command {
    /// Its name.
    #[must_use]
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::Offer { .. } => CommandKind::Offer,
            Self::Accept { .. } => CommandKind::Accept,
            Self::Decline { .. } => CommandKind::Decline,
            Self::Timeout => CommandKind::Timeout,
            Self::Withdraw { .. } => CommandKind::Withdraw,
            Self::Depart { .. } => CommandKind::Depart,
            Self::Arrive { .. } => CommandKind::Arrive,
            Self::Pickup { .. } => CommandKind::Pickup,
            Self::Complete { .. } => CommandKind::Complete,
            Self::Release { .. } => CommandKind::Release,
            Self::Reoffer { .. } => CommandKind::Reoffer,
            Self::Assign { .. } => CommandKind::Assign,
            Self::Reassign { .. } => CommandKind::Reassign,
            Self::Cancel { .. } => CommandKind::Cancel,
            Self::GiveUp => CommandKind::GiveUp,
        }
    }

    /// The driver who claims to hold the order, where the command says so.
    #[must_use]
    pub const fn claimed_driver(&self) -> Option<DriverId> {
        match self {
            Self::Accept { driver }
            | Self::Decline { driver, .. }
            | Self::Depart { driver }
            | Self::Arrive { driver }
            | Self::Pickup { driver }
            | Self::Complete { driver } => Some(*driver),
            Self::Release { driver, .. } => *driver,
            _ => None,
        }
    }
}

/// Why a command was refused. The order is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The table has no such line.
    #[error("an order that is {from} cannot become {to} by `{command}`; allowed now: {}", words(.allowed))]
    Illegal {
        /// The order's state.
        from: State,
        /// What was asked.
        command: CommandKind,
        /// Where the command would lead.
        to: State,
        /// What would be accepted in this state.
        allowed: Vec<CommandKind>,
    },
    /// Somebody else may do this.
    #[error("`{command}` is not for the {actor}; it is for: {}", actors.iter().map(|a| a.as_str()).collect::<Vec<_>>().join(", "))]
    WrongActor {
        /// What was asked.
        command: CommandKind,
        /// Who asked.
        actor: Actor,
        /// Who may.
        actors: &'static [Actor],
    },
    /// The order is with another driver.
    #[error("the order is not with driver {asked}")]
    WrongDriver {
        /// Who asked.
        asked: DriverId,
        /// Who has it.
        holder: Option<DriverId>,
    },
    /// The offer has not run out yet.
    #[error("the offer runs until {expires_at}")]
    NotDue {
        /// When it runs out.
        expires_at: Timestamp,
    },
}

impl Refusal {
    /// A stable word for logs, labels and the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Illegal { .. } => "illegal_transition",
            Self::WrongActor { .. } => "wrong_actor",
            Self::WrongDriver { .. } => "wrong_driver",
            Self::NotDue { .. } => "not_due",
        }
    }
}

fn words(commands: &[CommandKind]) -> String {
    if commands.is_empty() {
        return "nothing, it is closed".to_owned();
    }
    commands.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(", ")
}

/// The commands the table accepts in a state.
#[must_use]
pub fn allowed(state: State) -> Vec<CommandKind> {
    TRANSITIONS.iter().filter(|r| r.from == state).map(|r| r.command).collect()
}

/// Where a command leads; every command leads to one state, wherever it is given.
#[must_use]
pub fn leads_to(command: CommandKind) -> State {
    TRANSITIONS
        .iter()
        .find(|r| r.command == command)
        .map(|r| r.to)
        .expect("every command has a line in the table (a test walks them all)")
}

/// Decides a command: the order after it and the event it leaves, or why not.
pub fn apply(order: &Order, command: &Command, actor: Actor, now: Timestamp) -> Result<(Order, OrderEvent), Refusal> {
    let kind = command.kind();
    let rule = TRANSITIONS.iter().find(|r| r.from == order.state && r.command == kind).ok_or_else(|| {
        Refusal::Illegal { from: order.state, command: kind, to: leads_to(kind), allowed: allowed(order.state) }
    })?;
    if !rule.actors.contains(&actor) {
        return Err(Refusal::WrongActor { command: kind, actor, actors: rule.actors });
    }
    let holder = order.holder();
    match command.claimed_driver() {
        Some(asked) if holder != Some(asked) => return Err(Refusal::WrongDriver { asked, holder }),
        _ => {}
    }
    if let (Command::Timeout, Some(expires_at)) = (command, order.offer_expires_at)
        && now < expires_at
    {
        return Err(Refusal::NotDue { expires_at });
    }
    let mut next = order.clone();
    next.state = rule.to;
    next.version += 1;
    let reason = change(&mut next, command, actor, now);
    let driver = next.driver.as_ref().map(|d| d.id).or(holder);
    let event = OrderEvent::of(&next, rule.event, actor, driver, reason, now);
    Ok((next, event))
}

/// What a legal command does to the order besides its state; returns the reason it carries.
fn change(order: &mut Order, command: &Command, actor: Actor, now: Timestamp) -> Option<String> {
    match command {
        Command::Offer { driver, expires_at, pickup_eta_ms } => {
            order.offer_to(driver.clone(), *expires_at, *pickup_eta_ms, now);
            None
        }
        Command::Reoffer { driver, expires_at, pickup_eta_ms, reason } => {
            order.leave_driver();
            order.offer_to(driver.clone(), *expires_at, *pickup_eta_ms, now);
            order.searching_since = now;
            order.reassigned += 1;
            Some(reason.as_str().to_owned())
        }
        Command::Assign { driver, pickup_eta_ms, room } => {
            order.join_route(driver.clone(), *pickup_eta_ms, *room, now);
            None
        }
        Command::Reassign { driver, pickup_eta_ms, room } => {
            order.leave_driver();
            order.join_route(driver.clone(), *pickup_eta_ms, *room, now);
            order.reassigned += 1;
            Some(ReassignReason::BetterRoute.as_str().to_owned())
        }
        Command::Accept { .. } => {
            order.accepted_at = Some(now);
            order.offer_expires_at = None;
            None
        }
        Command::Decline { reason, .. } => {
            order.leave_driver();
            reason.clone()
        }
        Command::Timeout => {
            order.leave_driver();
            None
        }
        Command::Withdraw { reason } => {
            order.leave_driver();
            Some(reason.as_str().to_owned())
        }
        Command::Depart { .. } => {
            order.arriving_at = Some(now);
            None
        }
        Command::Arrive { .. } => {
            order.arrived_at = Some(now);
            None
        }
        Command::Pickup { .. } => {
            order.picked_up_at = Some(now);
            None
        }
        Command::Complete { .. } => {
            order.completed_at = Some(now);
            None
        }
        Command::Release { reason, .. } => {
            order.leave_driver();
            order.searching_since = now;
            order.reassigned += 1;
            Some(reason.as_str().to_owned())
        }
        Command::Cancel { reason } => {
            order.offer_expires_at = None;
            order.cancelled = Some(Cancelled { by: actor, reason: reason.clone(), at: now });
            Some(reason.clone())
        }
        Command::GiveUp => None,
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
