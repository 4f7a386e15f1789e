//! Random commands from several actors, against the store and beside it the machine.

use doorstep_orders::{Actor, Command, CommandKind, Driver, Order, OrdersError, ReassignReason, State, machine};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::setting::{CITY, NOON, Setting, TENANT, settings};

/// Orders on one route at most.
const ROOM: u8 = 2;

#[derive(Debug, Clone)]
struct Step {
    order: usize,
    command: usize,
    driver: usize,
    actor: usize,
    later_ms: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..3_usize, 0..CommandKind::ALL.len(), 0..2_usize, 0..Actor::ALL.len(), 0..20_000_i64)
        .prop_map(|(order, command, driver, actor, later_ms)| Step { order, command, driver, actor, later_ms });
    prop::collection::vec(step, 1..80)
}

fn command(kind: CommandKind, driver: &Driver, now: doorstep_clock::Timestamp) -> Command {
    let (reference, id) = (driver.reference(), driver.id);
    let expires_at = now.plus_ms(15_000);
    let reason = ReassignReason::DriverSilent;
    match kind {
        CommandKind::Offer => Command::Offer { driver: reference, expires_at, pickup_eta_ms: None },
        CommandKind::Accept => Command::Accept { driver: id },
        CommandKind::Decline => Command::Decline { driver: id, reason: Some("too far".to_owned()) },
        CommandKind::Timeout => Command::Timeout,
        CommandKind::Withdraw => Command::Withdraw { reason },
        CommandKind::Depart => Command::Depart { driver: id },
        CommandKind::Arrive => Command::Arrive { driver: id },
        CommandKind::Pickup => Command::Pickup { driver: id },
        CommandKind::Complete => Command::Complete { driver: id },
        CommandKind::Release => Command::Release { driver: Some(id), reason },
        CommandKind::Reoffer => Command::Reoffer { driver: reference, expires_at, pickup_eta_ms: None, reason },
        CommandKind::Assign => Command::Assign { driver: reference, pickup_eta_ms: None, room: ROOM },
        CommandKind::Reassign => Command::Reassign { driver: reference, pickup_eta_ms: None, room: ROOM },
        CommandKind::Cancel => Command::Cancel { reason: "changed my mind".to_owned() },
        CommandKind::GiveUp => Command::GiveUp,
    }
}

/// A driver has one order; behind one whose rider is aboard a second may wait, not yet begun. On a route he has as many
/// as there is room for, and riders who do not share sit in the car one at a time.
fn one_and_the_next<'a>(held: impl Iterator<Item = &'a Order>) -> bool {
    let held: Vec<&Order> = held.collect();
    let mut states: Vec<State> = held.iter().map(|order| order.state).collect();
    states.sort();
    if held.iter().any(|order| order.route.is_some()) {
        return held.len() <= usize::from(ROOM) && states.iter().filter(|s| **s == State::OnTrip).count() <= 1;
    }
    match states.as_slice() {
        [] | [_] => true,
        [next, current] => *current == State::OnTrip && matches!(next, State::Offered | State::Accepted),
        _ => false,
    }
}

async fn run(s: &Setting, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let drivers = [s.driver("Lee").await, s.driver("Kim").await];
    let mut model: Vec<Order> = Vec::new();
    for _ in 0..3 {
        model.push(s.order(NOON).await);
    }
    let mut now = NOON;
    for step in steps {
        now = now.plus_ms(step.later_ms);
        let command = command(CommandKind::ALL[step.command], &drivers[step.driver], now);
        let actor = Actor::ALL[step.actor];
        let before = model[step.order].clone();
        let answer = s.orders.command(TENANT, before.id, command.clone(), actor, None, now).await;
        let decided = machine::apply(&before, &command, actor, now);
        match (answer, decided) {
            (Ok(stored), Ok((next, _))) => {
                prop_assert_eq!(&stored, &next);
                model[step.order] = next;
                for driver in &drivers {
                    prop_assert!(one_and_the_next(model.iter().filter(|o| o.holder() == Some(driver.id))));
                }
            }
            (Err(OrdersError::Refused(said)), Err(refusal)) => prop_assert_eq!(said, refusal),
            (Err(OrdersError::DriverBusy { driver, order }), Ok(_)) => {
                prop_assert!(model.iter().any(|o| Some(o.id) == order && o.holder() == Some(driver)));
            }
            (Err(OrdersError::CarFull { driver, .. }), Ok((next, _))) => {
                prop_assert_eq!(next.state, State::OnTrip);
                prop_assert!(model.iter().any(|o| o.state == State::OnTrip && o.holder() == Some(driver)));
            }
            (answer, decided) => return Err(TestCaseError::fail(format!("store {answer:?}, machine {decided:?}"))),
        }
    }
    for order in &model {
        prop_assert_eq!(&s.orders.get(TENANT, order.id).await.unwrap(), order);
        let events = s.orders.events(TENANT, order.id, 0, 200).await.unwrap();
        let versions: Vec<i64> = events.iter().map(|e| e.version).collect();
        prop_assert_eq!(versions, (1..=order.version).collect::<Vec<_>>());
    }
    let ids: Vec<_> = model.iter().filter(|o| o.state.is_open()).map(|o| o.id).collect();
    let open = s.orders.read(|o, tx| o.open_in(tx, CITY)).await.unwrap();
    prop_assert!(ids.iter().all(|id| open.iter().any(|o| o.id == *id)));
    Ok(())
}

#[test]
fn the_store_follows_the_machine_whatever_comes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let settings = runtime.block_on(settings());
    for s in &settings {
        let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
        runner.run(&steps(), |steps| runtime.block_on(run(s, steps))).unwrap();
    }
}

/// Found by the test above: he kept two riders who do not share.
#[test]
fn an_order_that_leaves_its_route_keeps_its_driver_only_if_he_has_no_other() {
    let step = |order, kind: CommandKind| {
        let rule = machine::TRANSITIONS.iter().find(|rule| rule.command == kind).unwrap();
        let actor = Actor::ALL.iter().position(|actor| *actor == rule.actors[0]).unwrap();
        let command = CommandKind::ALL.iter().position(|one| *one == kind).unwrap();
        Step { order, command, driver: 1, actor, later_ms: 0 }
    };
    let steps = [(1, CommandKind::Offer), (0, CommandKind::Assign), (0, CommandKind::Reoffer)];
    let steps: Vec<Step> = steps.map(|(order, kind)| step(order, kind)).into();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for s in &runtime.block_on(settings()) {
        runtime.block_on(run(s, steps.clone())).unwrap();
    }
}

/// The same from many tasks at once: whatever wins, versions have no gap and no driver is shared.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_actors_leave_no_gap_and_share_no_driver() {
    for s in settings().await {
        let drivers = [s.driver("Lee").await, s.driver("Kim").await];
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(s.order(NOON).await.id);
        }
        let mut tasks = Vec::new();
        for task in 0..6_usize {
            let (orders, drivers, ids) = (s.orders.clone(), drivers.clone(), ids.clone());
            tasks.push(tokio::spawn(async move {
                for n in 0..60_usize {
                    let pick = (task * 31 + n * 17) % (CommandKind::ALL.len() * 8);
                    let now = NOON.plus_ms(i64::try_from(n).unwrap() * 1_000);
                    let kind = CommandKind::ALL[pick % CommandKind::ALL.len()];
                    let actor = machine::TRANSITIONS.iter().find(|r| r.command == kind).unwrap().actors[0];
                    let command = command(kind, &drivers[pick % 2], now);
                    match orders.command(TENANT, ids[(task + n) % ids.len()], command, actor, None, now).await {
                        Ok(_)
                        | Err(OrdersError::Refused(_) | OrdersError::DriverBusy { .. } | OrdersError::CarFull { .. }) =>
                            {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let mut held = Vec::new();
        for id in ids {
            let order = s.orders.get(TENANT, id).await.unwrap();
            let versions: Vec<i64> =
                s.orders.events(TENANT, id, 0, 200).await.unwrap().iter().map(|e| e.version).collect();
            assert_eq!(versions, (1..=order.version).collect::<Vec<_>>());
            held.push(order);
        }
        for driver in &drivers {
            assert!(one_and_the_next(held.iter().filter(|order| order.holder() == Some(driver.id))));
        }
    }
}
