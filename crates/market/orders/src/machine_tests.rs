//! The machine alone: the table is whole, and no sequence of commands leaves it.

#![allow(clippy::unwrap_used)]

use doorstep_geo::Point;
use doorstep_money::Currency;
use doorstep_pricing::{SurgeMap, Tariff, Trip, price};
use proptest::prelude::*;

use super::*;
use crate::ids::QuoteId;
use crate::needs::{RideNeeds, RideWishes};
use crate::order::RiderRef;
use crate::quote::QuoteClaims;

const NOON: Timestamp = Timestamp::from_millis(1_384_790_400_000);

fn order() -> Order {
    let (pickup, dropoff) = (Point::new(40.75, -73.98).unwrap(), Point::new(40.71, -74.0).unwrap());
    let trip = Trip { pickup, dropoff, distance_m: 4_000, trip_ms: 600_000, at: NOON, route: Vec::new() };
    let book = Tariff::standard(Currency::USD, "America/New_York").compile().unwrap();
    let claims = QuoteClaims {
        id: QuoteId::generate(NOON),
        tenant: "ten".to_owned(),
        city: "manhattan".to_owned(),
        industry: "rides".to_owned(),
        pickup,
        dropoff,
        pickup_node: 1,
        dropoff_node: 2,
        seats: 1,
        needs: RideNeeds::default(),
        wishes: RideWishes::default(),
        price: price(&book, &SurgeMap::off(), &trip),
        trip_ms: 600_000,
        pickup_eta_ms: None,
        expires_at: NOON.plus_ms(300_000),
        share: None,
    };
    Order::from_quote(claims, RiderRef { name: "Ada".to_owned(), reference: None }, None, NOON)
}

fn driver(n: u8) -> DriverRef {
    let id = DriverId::parse(&format!("drv_{n:032x}")).unwrap();
    DriverRef { id, name: format!("Driver {n}"), plate: format!("T{n}") }
}

fn command(kind: CommandKind, n: u8, now: Timestamp) -> Command {
    let driver = driver(n);
    let id = driver.id;
    let expires_at = now.plus_ms(15_000);
    let reason = ReassignReason::DriverSilent;
    match kind {
        CommandKind::Offer => Command::Offer { driver, expires_at, pickup_eta_ms: Some(60_000) },
        CommandKind::Accept => Command::Accept { driver: id },
        CommandKind::Decline => Command::Decline { driver: id, reason: None },
        CommandKind::Timeout => Command::Timeout,
        CommandKind::Withdraw => Command::Withdraw { reason },
        CommandKind::Depart => Command::Depart { driver: id },
        CommandKind::Arrive => Command::Arrive { driver: id },
        CommandKind::Pickup => Command::Pickup { driver: id },
        CommandKind::Complete => Command::Complete { driver: id },
        CommandKind::Release => Command::Release { driver: None, reason },
        CommandKind::Reoffer => Command::Reoffer { driver, expires_at, pickup_eta_ms: None, reason },
        CommandKind::Assign => Command::Assign { driver, pickup_eta_ms: None, room: 3 },
        CommandKind::Reassign => Command::Reassign { driver, pickup_eta_ms: None, room: 3 },
        CommandKind::Cancel => Command::Cancel { reason: "changed my mind".to_owned() },
        CommandKind::GiveUp => Command::GiveUp,
    }
}

#[test]
fn every_command_leads_to_one_state_and_every_open_state_has_a_way_out() {
    for kind in CommandKind::ALL {
        let targets: Vec<State> = TRANSITIONS.iter().filter(|r| r.command == *kind).map(|r| r.to).collect();
        assert!(!targets.is_empty(), "{kind} is in no line");
        assert!(targets.iter().all(|t| *t == targets[0]), "{kind} leads to several states");
        assert_eq!(leads_to(*kind), targets[0]);
    }
    for state in State::ALL {
        assert_eq!(state.is_open(), !allowed(*state).is_empty(), "{state}");
    }
}

#[test]
fn no_two_lines_answer_the_same_question() {
    for (i, a) in TRANSITIONS.iter().enumerate() {
        assert!(!TRANSITIONS[i + 1..].iter().any(|b| a.from == b.from && a.command == b.command), "{a:?}");
    }
}

#[test]
fn words_come_back() {
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), Some(*state));
        assert_eq!(serde_json::to_string(state).unwrap(), format!("\"{state}\""));
    }
}

#[test]
fn a_ride_from_request_to_drop_off() {
    let mut order = order();
    let steps = [
        (CommandKind::Offer, Actor::Dispatcher, State::Offered),
        (CommandKind::Accept, Actor::Driver, State::Accepted),
        (CommandKind::Depart, Actor::Driver, State::Arriving),
        (CommandKind::Arrive, Actor::Driver, State::Arrived),
        (CommandKind::Pickup, Actor::Driver, State::OnTrip),
        (CommandKind::Complete, Actor::Driver, State::Completed),
    ];
    for (n, (kind, actor, state)) in (1..).zip(steps) {
        let now = NOON.plus_ms(n * 100_000);
        (order, _) = apply(&order, &command(kind, 1, now), actor, now).unwrap();
        assert_eq!((order.state, order.version), (state, n + 1));
    }
    assert_eq!(order.wait_ms(), Some(500_000));
    assert_eq!(order.delay_ms(), Some(0));
    assert_eq!(order.view().wait_s, Some(500.0));
}

#[test]
fn a_refusal_names_both_states_and_what_is_allowed() {
    let refusal = apply(&order(), &command(CommandKind::Complete, 1, NOON), Actor::Driver, NOON).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "an order that is searching cannot become completed by `complete`; allowed now: offer, assign, give_up, cancel"
    );
}

#[test]
fn another_driver_and_another_actor_are_refused() {
    let (offered, _) = apply(&order(), &command(CommandKind::Offer, 1, NOON), Actor::Dispatcher, NOON).unwrap();
    let wrong = apply(&offered, &command(CommandKind::Accept, 2, NOON), Actor::Driver, NOON).unwrap_err();
    assert!(matches!(wrong, Refusal::WrongDriver { .. }));
    let wrong = apply(&offered, &command(CommandKind::Accept, 1, NOON), Actor::Rider, NOON).unwrap_err();
    assert!(matches!(wrong, Refusal::WrongActor { .. }));
}

#[test]
fn an_offer_does_not_run_out_early() {
    let (offered, _) = apply(&order(), &command(CommandKind::Offer, 1, NOON), Actor::Dispatcher, NOON).unwrap();
    let early = NOON.plus_ms(14_999);
    assert!(matches!(apply(&offered, &Command::Timeout, Actor::Dispatcher, early), Err(Refusal::NotDue { .. })));
    let due = NOON.plus_ms(15_000);
    assert_eq!(apply(&offered, &Command::Timeout, Actor::Dispatcher, due).unwrap().0.state, State::Searching);
}

proptest! {
    /// Several actors give any commands in any order, at times that never go back.
    #[test]
    fn no_sequence_reaches_an_illegal_state(steps in prop::collection::vec((0..CommandKind::ALL.len(), 0..3_u8, 0..4_usize, 0..20_000_i64), 0..60)) {
        let mut order = order();
        let mut now = NOON;
        for (kind, n, actor, ms) in steps {
            now = now.plus_ms(ms);
            let (kind, actor) = (CommandKind::ALL[kind], Actor::ALL[actor]);
            let before = order.clone();
            match apply(&order, &command(kind, n, now), actor, now) {
                Ok((next, event)) => {
                    prop_assert!(TRANSITIONS.iter().any(|r| r.from == before.state && r.command == kind && r.to == next.state && r.actors.contains(&actor)));
                    prop_assert!(before.state.is_open());
                    prop_assert_eq!(next.version, before.version + 1);
                    prop_assert_eq!((event.version, event.at, event.order.state), (next.version, now, next.state));
                    order = next;
                }
                Err(_) => prop_assert_eq!(&order, &before),
            }
            sound(&order);
        }
    }
}

/// What is true of every order in every state.
fn sound(order: &Order) {
    let reached = |state: State| match state {
        State::Searching => 0,
        State::Offered => 1,
        State::Accepted => 2,
        State::Arriving => 3,
        State::Arrived => 4,
        State::OnTrip => 5,
        State::Completed => 6,
        State::Cancelled | State::NoDriver => 7,
    };
    let at = reached(order.state);
    assert_eq!(order.state.holds_driver(), order.holder().is_some());
    assert_eq!(order.state == State::Cancelled, order.cancelled.is_some());
    assert_eq!(at == 5 || at == 6, order.picked_up_at.is_some(), "{}", order.state);
    assert_eq!(at == 6, order.completed_at.is_some());
    assert_eq!(at == 1, order.offer_expires_at.is_some());
    if at == 0 {
        assert!(
            order.driver.is_none()
                && order.offered_at.is_none()
                && order.accepted_at.is_none()
                && order.arrived_at.is_none()
        );
    }
    let times: Vec<Timestamp> = [
        Some(order.requested_at),
        order.offered_at,
        order.accepted_at,
        order.arriving_at,
        order.arrived_at,
        order.picked_up_at,
        order.completed_at,
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(times.is_sorted(), "{times:?}");
}
