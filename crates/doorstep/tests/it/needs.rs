//! Needs and wishes over HTTP: a car that suits comes, what no car can do is said at once, wishes stay private.

use doorstep::api::{DriverView, schema};
use serde_json::{Value, json};

use super::support::{CITY, Client, Server, corner};

async fn ask(rider: &Client, more: Value) -> super::support::Answer {
    let mut trip = json!({"pickup": corner(1, 1), "dropoff": corner(8, 1), "seats": 2});
    trip.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rider.post(&format!("/v1/cities/{CITY}/quotes"), trip).await
}

async fn register(driver: &Client, name: &str, x: usize, more: Value) -> DriverView {
    let mut new = json!({"city": CITY, "name": name, "plate": name, "seats": 4});
    new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made: DriverView = serde_json::from_value(driver.post("/v1/drivers", new).await.made()).unwrap();
    driver.post(&format!("/v1/drivers/{}/online", made.id), json!({"position": corner(x, 1)})).await.done();
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn riders_with_needs_get_the_car_that_suits_or_are_told_at_once() {
    let server = Server::start().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let saloon = register(&driver, "Saloon", 1, json!({})).await;
    assert_eq!((saloon.car.luggage, saloon.car.wheelchairs, saloon.car.pets), (2, 0, false));

    let none = ask(&rider, json!({"needs": {"wheelchairs": 1, "pet": true}, "wishes": {"women_only": true}})).await;
    let fields: Vec<&str> =
        none.body["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!((none.status, none.body["code"].as_str()), (422, Some("no_such_car")), "{}", none.body);
    assert_eq!(fields, ["/needs/wheelchairs", "/needs/pet", "/wishes/women_only"]);
    ask(&rider, json!({"needs": {"wheelchairs": 3}})).await.names(400, "invalid_field", "/needs/wheelchairs");
    ask(&rider, json!({"needs": {"wheelchairs": 1, "child_seats": 2}})).await.names(400, "invalid_field", "/seats");
    ask(&rider, json!({"needs": {"luggage": -1}})).await.names(400, "invalid_field", "/needs/luggage");
    ask(&rider, json!({"needs": {"lugage": 1}})).await.names(400, "unknown_field", "/needs/lugage");

    let van = json!({"car": {"wheelchairs": 1, "child_seats": 1, "luggage": 4, "pets": true}, "women_rides": "takes"});
    let van = register(&driver, "Van", 9, van).await;
    let plain = ask(&rider, json!({})).await.done();
    let wishes = json!({"women_only": true, "no_pets": true});
    let quote = ask(&rider, json!({"needs": {"wheelchairs": 1, "luggage": 1}, "wishes": wishes})).await.done();
    assert_eq!((&quote["fare"], &quote["parts"]), (&plain["fare"], &plain["parts"]), "one price for everybody");
    let order = rider.post("/v1/orders", json!({"quote": quote["token"], "rider": {"name": "Ada"}})).await.made();
    let id = order["id"].as_str().unwrap();
    let offered = rider.until(id, "offered").await;
    assert_eq!(offered["driver"]["id"], van.id, "not the saloon at the door");
    let order: schema::Order = serde_json::from_value(offered).unwrap();
    assert_eq!((order.needs.wheelchairs, order.needs.luggage), (1, 1), "the driver reads what he has to expect");

    // Whoever may read orders, drivers and events: nobody finds a wish.
    let profile = format!("/v1/drivers/{}/profile", van.id);
    driver.post(&profile, json!({"car": {"pets": false}})).await.problem(409, "driver_busy");
    let change = json!({"car": {"child_seats": 2}, "women_rides": "only"});
    let changed = driver.post(&format!("/v1/drivers/{}/profile", saloon.id), change).await.done();
    let changed: DriverView = serde_json::from_value(changed).unwrap();
    assert_eq!((changed.car.child_seats, changed.car.luggage), (2, 2));
    let mut shown = String::new();
    for path in [
        format!("/v1/orders/{id}"),
        format!("/v1/orders/{id}/events"),
        format!("/v1/orders/{id}/price"),
        "/v1/orders".to_owned(),
        "/v1/drivers".to_owned(),
        format!("/v1/drivers/{}", van.id),
        format!("/v1/drivers/{}/story", van.id),
    ] {
        shown += &server.admin.get(&path).await.done().to_string();
    }
    for word in ["wish", "women", "no_pets"] {
        assert!(!shown.contains(word), "{word} in {shown}");
    }
    server.stop().await;
}
