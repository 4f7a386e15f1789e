//! A rider who really shared pays less in the end, never more, and can read why.

use doorstep_orders::{Actor, Command, Driver, NewOrder, Order, OrderId, SharePromise, State};

use crate::setting::{NOON, Setting, TENANT, rider, settings};

const PROMISE: SharePromise = SharePromise { max_wait_ms: 300_000, max_delay_ms: 600_000 };

async fn shared(s: &Setting, driver: &Driver) -> Order {
    let quote = s.quote_for(1, Some(PROMISE), NOON);
    let new = NewOrder { share: true, ..rider() };
    let order = s.orders.create(TENANT, &quote.token, new, Actor::Rider, NOON).await.unwrap();
    let assign = Command::Assign { driver: driver.reference(), pickup_eta_ms: None, room: 8 };
    s.orders.command(TENANT, order.id, assign, Actor::Dispatcher, None, NOON).await.unwrap()
}

async fn act(s: &Setting, id: OrderId, command: Command) -> Order {
    s.orders.command(TENANT, id, command, Actor::Driver, None, NOON).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_other_rider_aboard_takes_something_off() {
    for s in settings().await {
        let driver = s.driver("Lee").await;
        let d = driver.id;
        let (ada, bob, eve) = (shared(&s, &driver).await, shared(&s, &driver).await, shared(&s, &driver).await);
        let quoted = ada.fare.minor;
        for order in [&ada, &bob, &eve] {
            act(&s, order.id, Command::Arrive { driver: d }).await;
        }
        // Ada meets Bob; Bob meets Ada and Eve; Eve meets Bob only.
        act(&s, ada.id, Command::Pickup { driver: d }).await;
        act(&s, bob.id, Command::Pickup { driver: d }).await;
        let ada = act(&s, ada.id, Command::Complete { driver: d }).await;
        act(&s, eve.id, Command::Pickup { driver: d }).await;
        let bob = act(&s, bob.id, Command::Complete { driver: d }).await;
        let eve = act(&s, eve.id, Command::Complete { driver: d }).await;
        assert_eq!(ada.state, State::Completed);
        assert!(ada.fare.minor < quoted && bob.fare.minor < ada.fare.minor, "{quoted}, {}, {}", ada.fare, bob.fare);
        assert_eq!(eve.fare, ada.fare, "one other each");
        for (order, others) in [(&ada, 1), (&bob, 2), (&eve, 1)] {
            let kept = s.orders.price(TENANT, order.id).await.unwrap();
            let settled = kept.settled.unwrap();
            assert_eq!((kept.price.total, settled.shared_with), (order.fare, others));
            assert_eq!((settled.quoted.minor, settled.quoted.minor - settled.saved.minor), (quoted, order.fare.minor));
            assert_eq!(kept.price.parts.iter().map(|p| p.amount.minor).sum::<i64>(), order.fare.minor);
            assert!(kept.price.parts.iter().any(|p| p.label == format!("Shared with {others}")));
            let last = s.orders.events(TENANT, order.id, 0, 20).await.unwrap().pop().unwrap();
            assert_eq!(last.order.fare, order.fare, "the event says what is paid");
        }
        // Who shared with nobody, and who asked to ride alone, pay what was quoted.
        let lonely = shared(&s, &driver).await;
        for command in [Command::Arrive { driver: d }, Command::Pickup { driver: d }, Command::Complete { driver: d }] {
            act(&s, lonely.id, command).await;
        }
        let kept = s.orders.price(TENANT, lonely.id).await.unwrap();
        assert_eq!((kept.price.total, kept.settled), (lonely.fare, None));
    }
}
