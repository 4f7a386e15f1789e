//! Server-sent events: in order, resumable, ended.

use std::time::Duration;

use doorstep::api::schema;
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::json;

use crate::support::{CITY, Client, Server};

/// One event of a stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) kind: String,
    pub(crate) data: schema::Event,
}

/// Reads events until there are so many, or the stream ends.
pub(crate) async fn listen(client: &Client, path: &str, last: Option<u64>, how_many: usize) -> Vec<Event> {
    let mut request = client.request(Method::GET, path);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut bytes, mut text, mut events) = (response.bytes_stream(), String::new(), Vec::new());
    while events.len() < how_many {
        let next = tokio::time::timeout(Duration::from_secs(20), bytes.next()).await.expect("an event comes in time");
        let Some(chunk) = next else { break };
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        while let Some(end) = text.find("\n\n") {
            let block: String = text.drain(..end + 2).collect();
            events.extend(read(&block));
        }
    }
    events
}

fn read(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let data = field("data:")?;
    let event = Event {
        id: field("id:")?.parse().unwrap(),
        kind: field("event:")?.to_owned(),
        data: serde_json::from_str(data).unwrap(),
    };
    Some(event)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citys_events_resume_where_they_were_left() {
    let server = Server::start().await;
    let (client, path) = (&server.admin, format!("/v1/cities/{CITY}/events"));
    for _ in 0..3 {
        let order = client.order().await;
        client
            .post(&format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap()), json!({"reason": "x"}))
            .await
            .done();
    }
    let all = listen(client, &format!("{path}?from=0"), None, 6).await;
    assert_eq!(all.iter().map(|event| event.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(all.iter().all(|event| event.data.seq == Some(event.id)));
    assert_eq!((all[0].kind.as_str(), all[1].kind.as_str()), ("requested", "cancelled"));

    let rest = listen(client, &path, Some(all[3].id), 2).await;
    assert_eq!(rest.iter().map(|event| event.id).collect::<Vec<_>>(), [5, 6]);

    // From now on: only what comes.
    let (later, path_too) = (client.clone(), path.clone());
    let news = tokio::spawn(async move { listen(&later, &path_too, None, 1).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let order = client.order().await;
    let news = news.await.unwrap();
    assert_eq!((news[0].id, news[0].data.order_id.as_str()), (7, order["id"].as_str().unwrap()));

    // And after a restart, too.
    let server = Server::on(server.stop().await, |_| {}).await;
    assert_eq!(listen(&server.admin, &path, Some(6), 1).await[0].id, 7);
    server.admin.get(&format!("{path}?from=yesterday")).await.names(400, "invalid_field", "?from");
    let bad = server.admin.request(Method::GET, &path).header("last-event-id", "x").send().await.unwrap();
    assert_eq!(bad.status(), 400);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_stream_ends_with_the_order() {
    let server = Server::start().await;
    let client = server.admin.clone();
    let order = client.order().await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/orders/{order}/stream");
    let (follower, followed) = (client.clone(), path.clone());
    let told = tokio::spawn(async move { listen(&follower, &followed, None, usize::MAX).await });
    let car = client.driver_at(1, 1).await;
    client.until(&order, "offered").await;
    for what in ["accept", "arrive", "pickup", "complete"] {
        client.post(&format!("/v1/orders/{order}/{what}"), json!({"driver": car})).await.done();
    }
    let told = tokio::time::timeout(Duration::from_secs(20), told).await.expect("the stream ends").unwrap();
    let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["requested", "offered", "accepted", "arrived", "picked_up", "completed"]);
    assert!(told.iter().zip(1..).all(|(event, version)| event.id == version));

    let rest = listen(&client, &path, Some(4), usize::MAX).await;
    assert_eq!(rest.iter().map(|event| event.id).collect::<Vec<_>>(), [5, 6]);
    let nothing = client.request(Method::GET, &path).header("last-event-id", "6").send().await.unwrap();
    assert_eq!(nothing.status(), 204);
    client.get("/v1/orders/ord_1/stream").await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_streams_are_open_at_once() {
    let server = Server::with(|config| config.limits.streams = 1).await;
    let path = format!("/v1/cities/{CITY}/events");
    let first = server.admin.request(Method::GET, &path).send().await.unwrap();
    server.admin.get(&path).await.problem(503, "overloaded");
    drop(first);
    let began = std::time::Instant::now();
    while server.admin.request(Method::GET, &path).send().await.unwrap().status() != 200 {
        assert!(began.elapsed() < Duration::from_secs(10), "the place is never free again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.stop().await;
}
