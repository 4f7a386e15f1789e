//! The live map: a picture of the city several times a second, over a WebSocket.

use std::time::Duration;

use axum::{
    extract::{
        Path, State,
        ws::{Message, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use doorstep_city::live::LiveCity;
use doorstep_geo::{BoundingBox, Point};
use serde::Deserialize;
use tokio::time::{Interval, MissedTickBehavior};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, StreamPlace},
    auth::{Caller, Operating, SUBPROTOCOL},
    positions::{close, not_a_websocket},
    problem::Answer,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(frames))
}

/// Frames a second, at most and at first.
const MOST_HZ: f64 = 2.0;
const LEAST_HZ: f64 = 0.1;
/// A viewer that does not take a frame for this long is gone.
const STUCK: Duration = Duration::from_secs(20);
/// Largest message of a viewer, in bytes.
const WISH: usize = 4096;

/// What a viewer may ask for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    bbox: Option<[f64; 4]>,
    #[serde(default)]
    hz: Option<f64>,
}

/// The live map
///
/// Text frames `{"kind":"frame","now":…,"drivers":[[id,lon,lat,bearing,state],…],"orders":[[id,lon,lat,to lon,to lat,state,age],…],"stats":{…}}`,
/// two a second. Send `{"bbox":[west,south,east,north]}` to see a part only, `{"hz":1}` for fewer.
#[utoipa::path(get, path = "/v1/cities/{city}/map/ws", tag = "events", params(("city" = String, Path, description = "City id")),
    responses((status = 101, description = "The connection becomes a WebSocket of `Frame`s")))]
async fn frames(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    let city = app.city(&id)?.clone();
    let upgrade = upgrade.map_err(|rejection| not_a_websocket(&rejection))?;
    let place = app.stream("map")?;
    let tenant = caller.tenant();
    let upgrade = upgrade.protocols([SUBPROTOCOL]).max_message_size(WISH).max_frame_size(WISH);
    Ok(upgrade.on_upgrade(move |socket| show(socket, app, city, tenant, place)))
}

async fn show(mut socket: WebSocket, app: App, city: LiveCity, tenant: String, _place: StreamPlace) {
    let mut down = std::pin::pin!(app.shutdown.wait());
    let mut within = None;
    let mut due = every(MOST_HZ);
    loop {
        tokio::select! {
            _ = due.tick() => {
                let Ok(frame) = city.map_frame(&tenant, within).await else {
                    return close(socket, close_code::AWAY, "the city has stopped").await;
                };
                let text = serde_json::to_string(&frame).expect("a frame is plain JSON");
                match tokio::time::timeout(STUCK, socket.send(Message::Text(text.into()))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return,
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match read(&text) {
                    Ok((area, hz)) => {
                        within = area.unwrap_or(within);
                        if let Some(hz) = hz {
                            due = every(hz);
                        }
                    }
                    Err(reason) => return close(socket, close_code::INVALID, reason).await,
                },
                Some(Ok(Message::Binary(_))) => return close(socket, close_code::UNSUPPORTED, "send text").await,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            () = &mut down => return close(socket, close_code::AWAY, "the server goes down").await,
        }
    }
}

fn every(hz: f64) -> Interval {
    let mut interval = tokio::time::interval(Duration::from_secs_f64(1.0 / hz));
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

/// The wish: an area (the whole city for an empty box) and a rate, each if it is named.
type Read = (Option<Option<BoundingBox>>, Option<f64>);

fn read(text: &str) -> Result<Read, &'static str> {
    let wish: Wish = serde_json::from_str(text).map_err(|_| "send {\"bbox\":[west,south,east,north],\"hz\":1}")?;
    let area = match wish.bbox {
        None => None,
        Some([west, south, east, north]) => {
            let corner = |lat, lon| Point::new(lat, lon).map_err(|_| "bbox is not west, south, east, north in degrees");
            let corners = [corner(south, west)?, corner(north, east)?];
            if west > east || south > north {
                return Err("bbox is not west, south, east, north in degrees");
            }
            Some(BoundingBox::of(corners))
        }
    };
    match wish.hz {
        Some(hz) if !(LEAST_HZ..=MOST_HZ).contains(&hz) => Err("hz goes from 0.1 to 2"),
        hz => Ok((area, hz)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::read;

    #[test]
    fn wishes_are_checked() {
        assert_eq!(read("{\"hz\":1}").unwrap(), (None, Some(1.0)));
        let (area, _) = read("{\"bbox\":[-74,40,-73,41]}").unwrap();
        assert_eq!(area.unwrap().unwrap().west, -74.0);
        for bad in
            ["{\"hz\":9}", "{\"bbox\":[1,2,3]}", "{\"bbox\":[0,95,1,96]}", "{\"bbox\":[1,2,0,3]}", "{\"x\":1}", "x"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
