//! Drivers: registered, brought online, heard of.

use doorstep::api::{DriverView, LineAnswer, Page};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue};

use crate::support::{CITY, Client, Server, corner};

#[tokio::test(flavor = "multi_thread")]
async fn shifts_begin_pause_and_end() {
    let server = Server::start().await;
    let driver = server.client(&["driver"]).await;
    let id = driver.driver_at(2, 2).await;
    let path = |what: &str| format!("/v1/drivers/{id}{what}");
    let seen: DriverView = serde_json::from_value(driver.get(&path("")).await.done()).unwrap();
    assert_eq!((seen.shift.as_str(), seen.state.as_str()), ("online", "idle"));
    assert!((seen.position.unwrap().lat - 40.704).abs() < 1e-6);

    driver.post(&path("/position"), json!({"lat": 40.71, "lon": -73.99, "bearing": 90, "speed_mps": 5})).await.done();
    assert!((driver.get(&path("")).await.done()["position"]["lat"].as_f64().unwrap() - 40.71).abs() < 1e-6);
    driver.post(&path("/position"), json!({"lat": -73.99, "lon": 40.71})).await.problem(422, "outside_area");
    driver.post(&path("/position"), json!({"lat": 140.71, "lon": -73.99})).await.names(400, "invalid_field", "/lat");
    driver.post(&path("/online"), json!({"position": {"lat": 0, "lon": 0}})).await.names(
        422,
        "outside_area",
        "/position",
    );
    driver.post(&path("/online"), json!({})).await.names(400, "invalid_field", "/position");

    assert_eq!(driver.post(&path("/break"), json!({})).await.done()["shift"], "break");
    assert_eq!(driver.request(Method::POST, &path("/offline")).send().await.unwrap().status(), 200);
    let refused =
        driver.post(&path("/position"), json!({"lat": 40.71, "lon": -73.99})).await.problem(409, "not_on_shift");
    assert_eq!(refused["reason"], "offline");
    server.stop().await;
}

/// Registers so many drivers at once and gives their ids.
async fn register(client: &Client, how_many: usize) -> Vec<String> {
    let items: Vec<Value> = (0..how_many)
        .map(|n| json!({"city": CITY, "name": format!("D{n}"), "plate": format!("{n}"), "seats": 4}))
        .collect();
    let made: Page<DriverView> =
        serde_json::from_value(client.post("/v1/drivers/batch", json!({"items": items})).await.made()).unwrap();
    made.items.into_iter().map(|driver| driver.id).collect()
}

fn line(driver: &str, row: usize, column: usize) -> String {
    let at = corner(row, column);
    format!("{}\n", json!({"driver": driver, "lat": at["lat"], "lon": at["lon"]}))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_comes_online_and_reports_in_lines() {
    let server = Server::start().await;
    let client = server.client(&["driver", "operator"]).await;
    let ids = register(&client, 30).await;
    let mut lines: String = ids.iter().enumerate().map(|(n, id)| line(id, n % 12, n / 12)).collect();
    lines.push_str("{\"driver\":\"bob\",\"lat\":1,\"lon\":1}\n");
    let online = format!("/v1/cities/{CITY}/drivers/online");
    let answer: LineAnswer =
        serde_json::from_value(client.post_text(&online, "application/x-ndjson", lines).await.done()).unwrap();
    assert_eq!((answer.accepted, answer.rejected.len(), answer.rejected[0].line), (30, 1, 31));
    let again = |body: String| {
        let request = client.request(Method::POST, &online).header("content-type", "application/x-ndjson");
        request.header("idempotency-key", "fleet").body(body).send()
    };
    assert_eq!(again(line(&ids[0], 1, 1)).await.unwrap().status(), 200);
    assert_eq!(again(line(&ids[0], 1, 1)).await.unwrap().headers()["idempotency-replayed"], "true");
    assert_eq!(again(line(&ids[1], 1, 1)).await.unwrap().status(), 409);
    assert_eq!(client.get(&format!("/v1/cities/{CITY}/stats")).await.done()["drivers_idle"], 30);

    let stranger = "drv_0193523c9d6a7b1e8f00112233445566";
    let mut lines: String = ids.iter().map(|id| line(id, 5, 5)).collect();
    lines.push_str(&line(stranger, 1, 1));
    lines.push_str(&format!("{{\"driver\":\"{}\",\"lat\":0,\"lon\":0}}\nnonsense\n", ids[0]));
    let positions = format!("/v1/cities/{CITY}/positions");
    let answer: LineAnswer =
        serde_json::from_value(client.post_text(&positions, "application/x-ndjson", lines.clone()).await.done())
            .unwrap();
    assert_eq!((answer.accepted, answer.rejected_total), (30, 3));
    let told: Vec<(usize, &str)> = answer.rejected.iter().map(|line| (line.line, line.code.as_str())).collect();
    assert!(
        told.contains(&(31, "unknown_driver"))
            && told.contains(&(32, "outside_area"))
            && told.contains(&(33, "invalid_body")),
        "{told:?}"
    );

    let request = || {
        client
            .request(Method::POST, &positions)
            .header("content-type", "application/x-ndjson")
            .header("idempotency-key", "p")
    };
    let first = request().body(lines.clone()).send().await.unwrap().text().await.unwrap();
    let again = request().body(lines).send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.text().await.unwrap(), first);
    assert_eq!(request().body("{}\n").send().await.unwrap().status(), 409);

    client.post("/v1/drivers/batch", json!({"items": []})).await.names(400, "invalid_field", "/items");
    let bad = json!({"items": [{"city": CITY, "name": "a", "plate": "1", "seats": 4}, {"city": "x", "name": "a", "plate": "1", "seats": 4}]});
    client.post("/v1/drivers/batch", bad).await.names(400, "invalid_field", "/items/1/city");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_and_the_map_over_websockets() {
    let server = Server::with(|config| config.limits.frame_bytes = 4096).await;
    let client = server.client(&["driver", "operator"]).await;
    let ids = register(&client, 3).await;
    let lines: String = ids.iter().map(|id| line(id, 1, 1)).collect();
    client.post_text(&format!("/v1/cities/{CITY}/drivers/online"), "application/x-ndjson", lines).await.done();

    let mut positions = connect(&client, "positions/ws").await;
    let text: String = ids.iter().map(|id| line(id, 2, 3)).chain(["nonsense".to_owned()]).collect();
    positions.send(Message::text(text)).await.unwrap();
    let answer: LineAnswer = serde_json::from_str(&next_text(&mut positions).await).unwrap();
    assert_eq!((answer.accepted, answer.rejected_total, answer.rejected[0].line), (3, 1, 4));

    let mut map = connect(&client, "map/ws").await;
    let frame: doorstep::api::schema::Frame = serde_json::from_str(&next_text(&mut map).await).unwrap();
    assert_eq!((frame.drivers.len(), frame.stats.drivers_online), (3, 3));
    assert!((frame.drivers[0].2 - 40.704).abs() < 1e-6, "{:?}", frame.drivers);
    map.send(Message::text("{\"bbox\":[-74.1,40.6,-74.05,40.65],\"hz\":2}")).await.unwrap();
    loop {
        let frame: doorstep::api::schema::Frame = serde_json::from_str(&next_text(&mut map).await).unwrap();
        if frame.drivers.is_empty() {
            break;
        }
    }
    map.send(Message::text("{\"hz\":99}")).await.unwrap();
    assert_eq!(last_code(&mut map).await, Some(1007));

    // Too large a frame ends the connection and nothing else.
    positions.send(Message::text("x".repeat(10_000))).await.unwrap();
    assert_eq!(last_code(&mut positions).await, Some(1009));
    let mut open = connect(&client, "positions/ws").await;
    let stopped = tokio::spawn(async move { server.stop().await });
    assert_eq!(last_code(&mut open).await, Some(1001));
    stopped.await.unwrap();
}

pub(crate) type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// As a browser does it: the key comes as a subprotocol.
pub(crate) async fn connect(client: &Client, path: &str) -> Socket {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let url = format!("{}/v1/cities/{CITY}/{path}", client.base.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    let protocols = format!("doorstep.v1, bearer.{}", BASE64_URL_SAFE_NO_PAD.encode(&client.key));
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_str(&protocols).unwrap());
    let (socket, answer) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "doorstep.v1");
    socket
}

pub(crate) async fn next_text(socket: &mut Socket) -> String {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return text.to_string();
        }
    }
}

/// The code with which the server closes.
async fn last_code(socket: &mut Socket) -> Option<u16> {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(frame) = message {
            return frame.map(|frame| frame.code.into());
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_drivers_hear_where_to_wait() {
    let server = Server::with(|config| {
        // Where cars wait is decided often, who serves whom hardly ever.
        config.dispatch.rebalance_s = 0.3;
        config.dispatch.batch_s = 60.0;
    })
    .await;
    let client = server.admin.clone();
    let driver = client.driver_at(6, 6).await;
    client.order().await;
    let path = format!("/v1/drivers/{driver}");
    let began = std::time::Instant::now();
    let shown: DriverView = loop {
        let shown: DriverView = serde_json::from_value(client.get(&path).await.done()).unwrap();
        if shown.suggestion.is_some() {
            break shown;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "no suggestion: {shown:?}");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    };
    let suggestion = shown.suggestion.unwrap();
    let pickup = corner(1, 1);
    assert!((suggestion.place.lat - pickup["lat"].as_f64().unwrap()).abs() < 1e-6);
    assert_eq!(suggestion.reason, "requests_expected");
    // By NDJSON, by WebSocket and one by one: each decision is told once to whoever asks first.
    let here = line(&driver, 6, 6);
    let answer = client.post_text(&format!("/v1/cities/{CITY}/positions"), "application/x-ndjson", here).await.done();
    let answer: LineAnswer = serde_json::from_value(answer).unwrap();
    assert_eq!((answer.accepted, answer.suggestions.len()), (1, 1));
    assert_eq!((&answer.suggestions[0].driver, answer.suggestions[0].suggestion.place), (&driver, suggestion.place));
    let mut positions = connect(&client, "positions/ws").await;
    let heard = loop {
        positions.send(Message::text(line(&driver, 6, 6))).await.unwrap();
        let answer: LineAnswer = serde_json::from_str(&next_text(&mut positions).await).unwrap();
        if !answer.suggestions.is_empty() {
            break answer.suggestions;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(heard[0].driver, driver);
    client.post(&format!("{path}/break"), json!({})).await.done();
    assert!(client.get(&path).await.done().get("suggestion").is_none(), "on a break nobody is sent anywhere");
    server.stop().await;
}
