//! What riders ask for of a car, in the store: who may not be given a ride, and what nobody is told.

use doorstep_orders::{
    Actor, CarProfile, Lack, OrdersError, ProfileChange, QuoteInput, RideNeeds, RideWishes, State, WomenRides,
};

use crate::setting::{CITY, NOON, Setting, TENANT, rider, settings};

fn asked(needs: RideNeeds, wishes: RideWishes) -> QuoteInput {
    QuoteInput { needs, wishes, ..Setting::asked(1, None, NOON) }
}

const AMONG_WOMEN: RideWishes = RideWishes { women_only: true, no_pets: true };

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_whose_car_lacks_something_is_not_given_the_ride() {
    for s in settings().await {
        let saloon = s.driver("Lee").await;
        let van = CarProfile { wheelchairs: 1, child_seats: 1, luggage: 4, pets: true };
        let van = s.driver_of("Kim", van, WomenRides::Takes).await;
        let only = s.driver_of("Mia", CarProfile::default(), WomenRides::Only).await;
        let plain = RideNeeds::default();
        let cases = [
            (RideNeeds { wheelchairs: 1, ..plain }, RideWishes::default(), Lack::Wheelchairs),
            (RideNeeds { child_seats: 1, ..plain }, RideWishes::default(), Lack::ChildSeats),
            (RideNeeds { luggage: 3, ..plain }, RideWishes::default(), Lack::Luggage),
            (RideNeeds { pet: true, ..plain }, RideWishes::default(), Lack::Pet),
            (plain, AMONG_WOMEN, Lack::WomenOnly),
        ];
        for (needs, wishes, lacking) in cases {
            let quote = s.orders.quote(asked(needs, wishes), NOON).unwrap();
            let order = s.orders.create(TENANT, &quote.token, rider(), Actor::Rider, NOON).await.unwrap();
            let offer = |driver| {
                s.orders.command(TENANT, order.id, Setting::offer(driver, NOON), Actor::Dispatcher, None, NOON)
            };
            let refused = offer(&saloon).await.unwrap_err();
            assert!(matches!(refused, OrdersError::NotSuited { lack, .. } if lack == lacking), "{refused}");
            assert_eq!(offer(&van).await.unwrap().state, State::Offered);
            s.orders
                .command(
                    TENANT,
                    order.id,
                    doorstep_orders::Command::Cancel { reason: "done".into() },
                    Actor::Rider,
                    None,
                    NOON,
                )
                .await
                .unwrap();
        }
        let plain = s.order(NOON).await;
        let refused =
            s.orders.command(TENANT, plain.id, Setting::offer(&only, NOON), Actor::Dispatcher, None, NOON).await;
        assert!(matches!(refused, Err(OrdersError::NotSuited { lack: Lack::ForWomen, .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_are_in_no_view_event_or_driver() {
    for s in settings().await {
        let quote = s.orders.quote(asked(RideNeeds { luggage: 1, ..RideNeeds::default() }, AMONG_WOMEN), NOON).unwrap();
        let order = s.orders.create(TENANT, &quote.token, rider(), Actor::Rider, NOON).await.unwrap();
        assert_eq!(order.wishes, AMONG_WOMEN, "the store knows, so that the choice survives a restart");
        let driver = s.driver_of("Mia", CarProfile::default(), WomenRides::Only).await;
        s.orders.command(TENANT, order.id, Setting::offer(&driver, NOON), Actor::Dispatcher, None, NOON).await.unwrap();
        let events = s.orders.events(TENANT, order.id, 0, 10).await.unwrap();
        let story = s.orders.driver_story(TENANT, driver.id, 10).await.unwrap();
        let recording = s.orders.recording(TENANT, CITY, NOON, NOON.plus_ms(60_000)).await.unwrap();
        let shown = serde_json::json!([order.view(), events, driver, quote, story, recording]).to_string();
        assert!(shown.contains("\"luggage\":1"), "{shown}");
        for word in ["wish", "women", "no_pets"] {
            assert!(!shown.contains(word), "{word} in {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_car_changes_between_rides_and_the_city_knows_its_kinds() {
    for s in settings().await {
        let driver = s.driver("Lee").await;
        let ramp = ProfileChange { wheelchairs: Some(1), women_rides: Some(WomenRides::Takes), ..Default::default() };
        let id = driver.id;
        let changed = s.orders.write(move |o, tx| o.set_profile_in(tx, TENANT, id, &ramp)).await.unwrap();
        assert_eq!((changed.car.wheelchairs, changed.car.luggage), (1, 2), "what is not named stays");
        assert_eq!(s.orders.get_driver(TENANT, id).await.unwrap(), changed);
        s.driver("Kim").await;
        let kinds = s.orders.read(|o, tx| o.car_kinds_in(tx, CITY)).await.unwrap();
        assert_eq!(kinds.len(), 2);
        assert!(kinds.contains(&(TENANT.to_owned(), changed.kind())));

        let order = s.order(NOON).await;
        s.orders
            .command(TENANT, order.id, Setting::offer(&changed, NOON), Actor::Dispatcher, None, NOON)
            .await
            .unwrap();
        let busy = s.orders.write(move |o, tx| o.set_profile_in(tx, TENANT, id, &ramp)).await.unwrap_err();
        assert!(matches!(busy, OrdersError::DriverBusy { .. }), "{busy}");
        let kim = s.driver("Pat").await.id;
        let bus = ProfileChange { luggage: Some(200), ..Default::default() };
        let refused = s.orders.write(move |o, tx| o.set_profile_in(tx, TENANT, kim, &bus)).await.unwrap_err();
        assert!(matches!(refused, OrdersError::InvalidField { field: "/car/luggage", .. }), "{refused}");
    }
}
