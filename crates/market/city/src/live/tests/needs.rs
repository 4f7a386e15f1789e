//! Needs and wishes in a live city: prices do not see them, cars that lack something are not sent, and what no car of
//! the fleet can ever do is said when the price is asked for.

use doorstep_orders::{
    Actor, CarProfile, DriverId, Lack, NewDriver, NewOrder, Order, ProfileChange, RideNeeds, RideWishes, RiderRef,
    Shift, State, WomenRides,
};

use crate::live::tests::sandbox::{Sandbox, TENANT, corner, until};
use crate::live::{LiveCity, LiveConfig, LiveError, Wanted};

async fn driver(city: &LiveCity, name: &str, x: u32, car: CarProfile, women_rides: WomenRides) -> DriverId {
    let (name, plate) = (name.to_owned(), format!("T-{name}"));
    let new = NewDriver { city: city.id().to_owned(), name, plate, seats: 4, car, women_rides };
    let driver = city.orders().register_driver(TENANT, new, city.clock().now()).await.unwrap();
    city.driver_registered(&driver);
    city.set_shift(TENANT, driver.id, Shift::Online, Some(corner(x, 0))).await.unwrap();
    driver.id
}

fn wanted(needs: RideNeeds, wishes: RideWishes) -> Wanted {
    Wanted { needs, wishes, ..Wanted::plain(corner(1, 0), corner(8, 0), 2) }
}

async fn ride(city: &LiveCity, wanted: &Wanted) -> Order {
    let token = city.quote(TENANT, wanted).unwrap().quote.token;
    let new = NewOrder { rider: RiderRef { name: "Ada".to_owned(), reference: None }, note: None, share: false };
    city.create(TENANT, &token, new, Actor::Rider).await.unwrap()
}

/// The order once the next decision has offered it to somebody.
async fn offered(sandbox: &Sandbox, city: &LiveCity, order: &Order) -> Order {
    sandbox.advance(6);
    until("the offer", async || {
        let now = city.orders().get(TENANT, order.id).await.unwrap();
        (now.state == State::Offered).then_some(now)
    })
    .await
}

const CHAIR: RideNeeds = RideNeeds { wheelchairs: 1, child_seats: 0, luggage: 0, pet: false };
const AMONG_WOMEN: RideWishes = RideWishes { women_only: true, no_pets: false };

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_goes_to_a_car_that_suits_it_or_is_refused_at_once() {
    for sandbox in Sandbox::each().await {
        let city = sandbox.city_with("grid", "one", LiveConfig::default()).await;
        let none = RideWishes::default();
        assert!(city.quote(TENANT, &wanted(CHAIR, none)).is_ok(), "a fleet that is still to come can be anything");
        driver(&city, "Near", 1, CarProfile::default(), WomenRides::None).await;
        let refused = |wanted: &Wanted| match city.quote(TENANT, wanted) {
            Err(LiveError::NoSuchCar { lacking }) => lacking,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(&wanted(CHAIR, none)), [Lack::Wheelchairs]);
        let all = RideNeeds { wheelchairs: 1, child_seats: 1, luggage: 9, pet: true };
        assert_eq!(refused(&wanted(all, AMONG_WOMEN)).len(), 5, "all that is lacking is told at once");

        let van = CarProfile { wheelchairs: 1, child_seats: 1, luggage: 4, pets: true };
        let van = driver(&city, "Van", 7, van, WomenRides::None).await;
        let her = driver(&city, "Her", 9, CarProfile::default(), WomenRides::Only).await;
        let quote = city.quote(TENANT, &wanted(CHAIR, none)).unwrap().quote;
        let plain = city.quote(TENANT, &wanted(RideNeeds::default(), none)).unwrap().quote;
        assert!(quote.pickup_eta_s > plain.pickup_eta_s, "the time of the car that suits");
        for (asked, holder) in [(wanted(CHAIR, none), van), (wanted(RideNeeds::default(), AMONG_WOMEN), her)] {
            let order = ride(&city, &asked).await;
            assert_eq!(offered(&sandbox, &city, &order).await.holder(), Some(holder));
        }
        // A car that is changed is one that can be asked for.
        let pets = ProfileChange { pets: Some(true), ..ProfileChange::default() };
        let id = driver(&city, "Cat", 3, CarProfile::default(), WomenRides::None).await;
        let both = RideNeeds { pet: true, ..RideNeeds::default() };
        assert_eq!(refused(&wanted(both, AMONG_WOMEN)), [Lack::Pet, Lack::WomenOnly], "each is there, both are not");
        let cat = city.orders().write(move |o, tx| o.set_profile_in(tx, TENANT, id, &pets)).await.unwrap();
        city.driver_registered(&cat);
        let order = ride(&city, &wanted(both, none)).await;
        assert_eq!(offered(&sandbox, &city, &order).await.holder(), Some(id));
        city.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_need_and_no_wish_changes_a_price() {
    for sandbox in Sandbox::each().await {
        let config = LiveConfig { pooled: Some(crate::live::PooledConfig::default()), ..LiveConfig::default() };
        let city = sandbox.city_with("grid", "one", config).await;
        let price = |needs, wishes| {
            let quote = city.quote(TENANT, &wanted(needs, wishes)).unwrap().quote;
            let share = quote.share.unwrap();
            (quote.fare, quote.parts, quote.why, share.fare, share.parts, share.least)
        };
        let plain = price(RideNeeds::default(), RideWishes::default());
        for bits in 0..64_u8 {
            let bit = |n: u8| bits >> n & 1;
            let needs = RideNeeds { wheelchairs: bit(0), child_seats: bit(1), luggage: 3 * bit(2), pet: bit(3) == 1 };
            let wishes = RideWishes { women_only: bit(4) == 1, no_pets: bit(5) == 1 };
            assert_eq!(price(needs, wishes), plain, "{needs:?} {wishes:?}");
        }
        city.shutdown().await;
    }
}
