//! The demo's lasting connections: the city's clock, its order events, and the taxis' positions.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use doorstep_clock::Timestamp;
use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tracing::{debug, warn};

use super::client::{CityTime, CityView, Client, OrderEvent, Taken};
use super::fleet::Fleet;
use super::sse;

/// How often a taxi reports, in milliseconds of city time.
const REPORTS_EVERY_MS: i64 = 5_000;
/// However fast the city's clock runs, taxis report no more often than this.
const REPORTS_AT_MOST: Duration = Duration::from_millis(250);
/// Positions in one WebSocket frame.
const IN_ONE_FRAME: usize = 500;

/// Reads the city's clock now and then, until nobody listens.
pub(super) async fn clock(client: Client, city: String, out: watch::Sender<CityTime>) {
    while !out.is_closed() {
        tokio::time::sleep(Duration::from_millis(300)).await;
        match client.get::<CityView>(&format!("/v1/cities/{city}")).await {
            Ok(view) => {
                out.send_replace(CityTime::new(&view.clock));
            }
            Err(e) => debug!(error = %e, "the city's clock could not be read"),
        }
    }
}

/// Hears the city's order events and hands them on, coming back after a lost connection where it left off.
pub(super) async fn events(client: Client, city: String, out: mpsc::Sender<OrderEvent>) {
    let mut last: Option<String> = None;
    loop {
        if let Err(e) = listen(&client, &city, &mut last, &out).await {
            debug!(error = %e, "the event stream broke off");
        }
        if out.is_closed() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn listen(
    client: &Client,
    city: &str,
    last: &mut Option<String>,
    out: &mpsc::Sender<OrderEvent>,
) -> anyhow::Result<()> {
    let mut stream = client.events(city, last.as_deref()).await?.bytes_stream();
    let mut reader = sse::Reader::default();
    while let Some(bytes) = stream.next().await {
        for event in reader.push(&bytes?)? {
            let parsed = serde_json::from_str(&event.data).with_context(|| format!("event {}", event.id))?;
            if out.send(parsed).await.is_err() {
                return Ok(());
            }
            *last = Some(event.id);
        }
    }
    Ok(())
}

/// Reports where the taxis are, over a WebSocket, until `time`'s sender is gone.
pub(super) async fn positions(
    client: Client,
    city: String,
    fleet: Arc<parking_lot::Mutex<Fleet>>,
    time: watch::Receiver<CityTime>,
) {
    while time.has_changed().is_ok() {
        if let Err(e) = report(&client, &city, &fleet, &time).await {
            warn!(error = %e, "the positions' connection broke off");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn report(
    client: &Client,
    city: &str,
    fleet: &parking_lot::Mutex<Fleet>,
    time: &watch::Receiver<CityTime>,
) -> anyhow::Result<()> {
    let mut request = client.positions_url(city).into_client_request()?;
    request.headers_mut().insert("authorization", client.authorization().parse()?);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    while time.has_changed().is_ok() {
        let frames = frames(&fleet.lock());
        for frame in frames {
            socket.send(Message::text(frame)).await?;
            let answer = loop {
                // A ping of the server may come before the answer.
                match socket.next().await.context("closed by the server")?? {
                    Message::Text(text) => break text,
                    Message::Close(_) => anyhow::bail!("closed by the server"),
                    _ => {}
                }
            };
            let answer: Taken = serde_json::from_str(&answer).context("the answer to positions")?;
            debug!(suggestions = answer.suggestions.len(), "positions were taken");
            let mut fleet = fleet.lock();
            for news in answer.suggestions {
                fleet.suggest(&news.driver, news.suggestion.place);
            }
            for driver in answer.routes {
                fleet.rerouted(&driver);
            }
        }
        let speed = time.borrow().speed();
        let wait = if speed > 0.0 {
            Duration::from_secs_f64(REPORTS_EVERY_MS as f64 / 1000.0 / speed)
        } else {
            Duration::from_secs(1)
        };
        tokio::time::sleep(wait.clamp(REPORTS_AT_MOST, Duration::from_secs(5))).await;
    }
    Ok(())
}

/// The positions of all taxis as NDJSON, cut into frames.
fn frames(fleet: &Fleet) -> Vec<String> {
    let now = fleet.now();
    let at = Timestamp::from_millis(now);
    fleet
        .taxis()
        .chunks(IN_ONE_FRAME)
        .map(|chunk| {
            let mut text = String::with_capacity(chunk.len() * 128);
            for taxi in chunk {
                let (place, bearing) = taxi.place(now);
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    r#"{{"driver":"{}","lat":{:.6},"lon":{:.6},"bearing":{bearing:.0},"at":"{at}"}}"#,
                    taxi.id,
                    place.lat(),
                    place.lon()
                );
            }
            text
        })
        .collect()
}
