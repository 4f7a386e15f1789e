//! Prices that move: they follow orders and cars, are told before they are charged, and a promise stays.

use doorstep_orders::{Actor, NewOrder, RiderRef};
use doorstep_pricing::{Basis, CapKind, DemandSignal, PartKind, SurgeConfig, Tariff};
use doorstep_store::outbox;

use crate::live::tests::sandbox::{NOON, Sandbox, Street, TENANT, corner, map, until};
use crate::live::{CityMap, LiveCity, LiveConfig, SurgeSwitch, Wanted};

fn surging(id: &str, demand: DemandSignal) -> (CityMap, LiveConfig) {
    let mut ground = map(id);
    ground.surge = SurgeConfig { demand, warm_up_s: 20.0, rise_half_life_s: 5.0, ..SurgeConfig::default() };
    (ground, LiveConfig { surge: true, ..LiveConfig::default() })
}

async fn goes_on(sandbox: &Sandbox, city: &LiveCity, seconds: u64) {
    for _ in 0..seconds / 10 {
        let before = city.surge(TENANT).map.map(|m| m.as_of());
        sandbox.advance(10);
        until("another map", async || (city.surge(TENANT).map.map(|m| m.as_of()) != before).then_some(())).await;
    }
}

fn rider() -> NewOrder {
    NewOrder { rider: RiderRef { name: "Ada".to_owned(), reference: None }, note: None, share: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_costs_more_says_why_and_keeps_what_was_promised() {
    for sandbox in Sandbox::each().await {
        let (ground, config) = surging("grid", DemandSignal::Orders);
        let city = sandbox.city_on(ground, "one", config).await;
        city.driver("Lee", corner(5, 5)).await;
        let ask = || city.quote(TENANT, &Wanted::plain(corner(4, 4), corner(8, 8), 1)).unwrap().quote;
        assert_eq!((ask().why.basis, ask().why.multiplier.get()), (Basis::WarmingUp, 1.0));
        let flat = ask();
        goes_on(&sandbox, &city, 30).await;
        let calm = ask();
        assert_eq!((calm.why.basis, &calm.parts), (Basis::Measured, &flat.parts), "{:?}", calm.why);

        for n in 0..30 {
            city.ride(corner(4, 4), corner(n % 9, 9)).await;
        }
        goes_on(&sandbox, &city, 60).await;
        let rush = ask();
        assert!(rush.why.multiplier.get() > 1.4 && rush.fare.minor > calm.fare.minor, "{:?}", rush.why);
        let seen = rush.why.seen.unwrap();
        assert!(seen.demand_per_min > 1.0 && seen.idle < 1.0 && seen.pickup_s > seen.target_pickup_s, "{seen:?}");
        assert_eq!(rush.parts.iter().map(|p| p.amount.minor).sum::<i64>(), rush.fare.minor);
        assert!(rush.parts.iter().any(|p| p.kind == PartKind::Surge));
        assert!(rush.why.multiplier.get() <= 3.0, "the tariff's highest");
        assert_eq!(rush.why.asked.get() > 3.0, rush.why.caps.iter().any(|c| c.kind == CapKind::Tariff));

        // The promise of the calm minute stays, and its reason is kept with the order.
        let kept = city.create(TENANT, &calm.token, rider(), Actor::Rider).await.unwrap();
        let dear = city.create(TENANT, &rush.token, rider(), Actor::Rider).await.unwrap();
        for (order, quote) in [(kept, calm), (dear, rush)] {
            let price = city.orders().price(TENANT, order.id).await.unwrap();
            assert_eq!((order.fare, price.price.total, &price.price.why), (quote.fare, quote.fare, &quote.why));
            assert_eq!(price.price.parts, quote.parts);
        }
        assert!(city.orders().price("ten_other", city.ride(corner(1, 1), corner(2, 2)).await.id).await.is_err());

        // Each change was told: what the journal says last of a cell is what the map holds.
        let (lines, next) = city.surge_log(TENANT, None, 200).unwrap();
        assert!(
            next.is_none() && lines.iter().all(|line| line.kind == "surge_changed" && line.told["model"].is_string())
        );
        let state = city.surge(TENANT);
        for (cell, surge) in state.map.unwrap().cells() {
            let last = lines.iter().find_map(|line| {
                line.told["changes"].as_array().unwrap().iter().find(|c| c["cell"] == cell.to_string().as_str())
            });
            let told = last.map_or(1.0, |change| change["to"].as_f64().unwrap());
            assert!((told - surge.multiplier.get()).abs() < 1e-9, "{cell}: {told} and {}", surge.multiplier);
        }
        // Others have other prices.
        assert!(
            city.quote("ten_other", &Wanted::plain(corner(4, 4), corner(8, 8), 1)).unwrap().quote.why.multiplier.get()
                == 1.0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_in_force_at_once_and_outlives_the_process() {
    let sandbox = Sandbox::new().await;
    let (ground, config) = surging("grid", DemandSignal::Orders);
    let city = sandbox.city_on(ground.clone(), "one", config.clone()).await;
    city.driver("Lee", corner(5, 5)).await;
    for n in 0..30 {
        city.ride(corner(4, 4), corner(n % 9, 9)).await;
    }
    goes_on(&sandbox, &city, 60).await;
    let basis =
        |city: &LiveCity| city.quote(TENANT, &Wanted::plain(corner(4, 4), corner(8, 8), 1)).unwrap().quote.why.basis;
    assert_eq!(basis(&city), Basis::Measured);

    let said = |on| SurgeSwitch { on, by: "key_1".to_owned(), reason: "a drill".to_owned(), at: NOON };
    let flip = async |city: &LiveCity, on: bool| {
        let (handle, switch) = (city.clone(), said(on));
        city.orders().write(move |_, tx| handle.switch_surge_in(tx, TENANT, &switch)).await.unwrap();
        city.surge_switched(TENANT, said(on));
    };
    flip(&city, false).await;
    assert_eq!(basis(&city), Basis::Off);
    assert_eq!((city.surge(TENANT).on, city.surge(TENANT).switch), (false, Some(said(false))));
    until("the outbox to be empty", async || (sandbox.store.read(outbox::waiting).await.unwrap() == 0).then_some(()))
        .await;
    let (lines, _) = city.surge_log(TENANT, None, 1).unwrap();
    assert_eq!((lines[0].kind.as_str(), &lines[0].told["reason"]), ("surge_switched", &"a drill".into()));
    city.shutdown().await;
    drop(city);

    let city = sandbox.city_on(ground, "one", config).await;
    assert_eq!(basis(&city), Basis::Off);
    flip(&city, true).await;
    assert_eq!(basis(&city), Basis::WarmingUp, "the counts begin anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn askers_count_once_where_quotes_are_the_signal() {
    let sandbox = Sandbox::new().await;
    let (ground, config) = surging("grid", DemandSignal::Quotes);
    let city = sandbox.city_on(ground, "one", config).await;
    city.driver("Lee", corner(5, 5)).await;
    let demand = async |city: &LiveCity| {
        goes_on(&sandbox, city, 10).await;
        city.surge(TENANT).map.unwrap().cells().map(|(_, c)| f64::from(c.demand_per_min)).sum::<f64>()
    };
    goes_on(&sandbox, &city, 30).await;
    for _ in 0..50 {
        city.quote(TENANT, &Wanted::plain(corner(4, 4), corner(8, 8), 1)).unwrap();
    }
    let one = demand(&city).await;
    for to in 0..9 {
        city.quote(TENANT, &Wanted::plain(corner(4, 4), corner(to, 9), 1)).unwrap();
    }
    let ten = demand(&city).await;
    assert!(one > 0.0 && ten > 5.0 * one, "{one} {ten}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_law_of_the_tariff_binds_in_the_city_too() {
    let sandbox = Sandbox::new().await;
    let (mut ground, config) = surging("grid", DemandSignal::Orders);
    let mut tariff = Tariff::clone(ground.tariff.tariff());
    tariff.surge.max_multiplier = 1.2;
    ground.tariff = std::sync::Arc::new(tariff.compile().unwrap());
    let city = sandbox.city_on(ground, "one", config).await;
    city.driver("Lee", corner(5, 5)).await;
    for n in 0..30 {
        city.ride(corner(4, 4), corner(n % 9, 9)).await;
    }
    goes_on(&sandbox, &city, 60).await;
    let why = city.quote(TENANT, &Wanted::plain(corner(4, 4), corner(8, 8), 1)).unwrap().quote.why;
    assert_eq!((why.multiplier.get(), why.caps[0].kind), (1.2, CapKind::Tariff));
    let charged = city.charged(TENANT, why.asked, why.cell, sandbox.clock_now());
    assert_eq!(charged, why.multiplier);
}
