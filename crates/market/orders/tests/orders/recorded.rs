//! A period read back: who asked, who was at work, where and when.

use doorstep_clock::Timestamp;
use doorstep_orders::{Actor, Command, OrdersError, Shift, State};

use crate::setting::{CITY, NOON, Setting, TENANT, point, settings};

const MINUTE: i64 = 60_000;

fn at(minutes: i64) -> Timestamp {
    NOON.plus_ms(minutes * MINUTE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_read_back_as_it_was() {
    for setting in settings().await {
        let orders = &setting.orders;
        let go = async |driver, shift, place, minute| {
            orders.set_shift(TENANT, driver, shift, place, at(minute)).await.unwrap();
        };
        let [early, late, gone, busy] = [
            setting.driver("early").await,
            setting.driver("late").await,
            setting.driver("gone").await,
            setting.driver("busy").await,
        ];
        let corner = point(40.75, -73.98);
        go(early.id, Shift::Online, Some(corner), -60).await;
        go(gone.id, Shift::Online, Some(corner), -50).await;
        go(gone.id, Shift::Offline, None, -1).await;
        go(busy.id, Shift::Online, Some(corner), -30).await;
        go(late.id, Shift::Online, Some(point(40.72, -73.99)), 10).await;
        go(late.id, Shift::Break, None, 20).await;
        go(late.id, Shift::Online, Some(point(40.73, -73.99)), 25).await;

        // One ride begins before the period and ends in it: its driver is free at its goal, not before.
        let ride = setting.order(at(-5)).await;
        let tell = async |command, actor, minute| {
            orders.command(TENANT, ride.id, command, actor, None, at(minute)).await.unwrap();
        };
        tell(Setting::offer(&busy, at(-5)), Actor::Dispatcher, -5).await;
        tell(Command::Accept { driver: busy.id }, Actor::Driver, -5).await;
        tell(Command::Depart { driver: busy.id }, Actor::Driver, -4).await;
        tell(Command::Arrive { driver: busy.id }, Actor::Driver, -3).await;
        tell(Command::Pickup { driver: busy.id }, Actor::Driver, -2).await;
        tell(Command::Complete { driver: busy.id }, Actor::Driver, 7).await;
        let inside = setting.order(at(3)).await;
        setting.order(at(30)).await;

        let read = orders.recording(TENANT, CITY, at(0), at(30)).await.unwrap();
        let made: Vec<_> = read.requests.iter().map(|r| (r.at, r.state)).collect();
        assert_eq!(made, [(inside.requested_at, State::Searching)]);
        let shifts: Vec<_> = read.shifts.iter().map(|s| (s.driver, s.from, s.until, s.place)).collect();
        assert_eq!(
            shifts,
            [
                (early.id, at(0), at(30), corner),
                (busy.id, at(7), at(30), point(40.71, -74.0)),
                (late.id, at(10), at(20), point(40.72, -73.99)),
                (late.id, at(25), at(30), point(40.73, -73.99)),
            ]
        );
        assert!(orders.recording("ten_other", CITY, at(0), at(30)).await.unwrap().requests.is_empty());
        for (from, to) in [(5, 5), (0, 24 * 60 + 1)] {
            let refused = orders.recording(TENANT, CITY, at(from), at(to)).await.unwrap_err();
            assert!(matches!(refused, OrdersError::InvalidField { field: "/to", .. }), "{refused}");
        }
    }
}
