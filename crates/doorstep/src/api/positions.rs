//! Drivers' positions: one by one, as NDJSON, or as a stream of frames over a WebSocket.

use std::time::Duration;

use axum::{
    extract::{
        Path, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection},
    },
    http::StatusCode,
    response::Response,
};
use doorstep_city::live::{LiveCity, PositionReport};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, StreamPlace, driver_id},
    auth::{Caller, Driving, SUBPROTOCOL},
    extract::{Headers, Write},
    idempotency::{Done, Idempotency, Written, write},
    lines::{self, LineAnswer, Taken},
    position_line::check_motion,
    problem::{Answer, Code, Problem},
    schema::LatLon,
    suggestion,
};
use crate::node::metrics::POSITIONS;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report)).routes(routes!(report_many)).routes(routes!(socket))
}

/// A WebSocket that says nothing for this long, not even a pong, is closed.
const SILENCE: Duration = Duration::from_secs(60);
/// How often we ask whether somebody is there.
const PING: Duration = Duration::from_secs(20);

/// Where a driver is.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// Latitude in degrees.
    lat: f64,
    /// Longitude in degrees.
    lon: f64,
    /// Heading in degrees from north.
    #[serde(default)]
    bearing: Option<f32>,
    /// Speed in metres a second.
    #[serde(default)]
    speed_mps: Option<f32>,
}

/// Report a driver's position
#[utoipa::path(post, path = "/v1/drivers/{id}/position", tag = "positions", params(("id" = String, Path, description = "Driver id")),
    request_body = Position, responses((status = 200, description = "Taken", body = LineAnswer)))]
async fn report(
    State(app): State<App>,
    caller: Caller<Driving>,
    Path(id): Path<String>,
    request: Write<Position>,
) -> Answer<Written> {
    let Position { lat, lon, bearing, speed_mps } = request.body;
    let point = LatLon { lat, lon }.point("")?;
    check_motion(bearing, speed_mps)?;
    let report = PositionReport { driver: driver_id(&id)?, point, at: None, bearing_deg: bearing, speed_mps };
    let tenant = caller.tenant();
    let take = move |app: &App| -> Answer<LineAnswer> {
        // A driver works in one city; the others do not know him.
        let mut refusal = None;
        for city in app.cities.values() {
            match city.report_positions(&tenant, &[report]).pop() {
                Some(Ok(())) => {
                    let suggestions = suggestion::news(city, &tenant, &[report.driver]);
                    let routes = suggestion::rerouted(city, &tenant, &[report.driver]);
                    return Ok(LineAnswer { accepted: 1, suggestions, routes, ..LineAnswer::default() });
                }
                Some(Err(other)) if other.as_str() != "unknown_driver" => refusal = Some(other),
                _ => {}
            }
        }
        Err(match refusal {
            None => Problem::not_found("driver on shift", &id),
            Some(refusal) if refusal.as_str() == "outside_area" => super::refusals::outside("", refusal.to_string()),
            Some(refusal) => Problem::new(Code::NotOnShift, refusal.to_string()).with("reason", refusal.as_str()),
        })
    };
    let Some(once) = request.once else {
        let taken = take(&app);
        let outcome = if taken.is_ok() { "accepted" } else { "rejected" };
        metrics::counter!(POSITIONS, "face" => "http", "outcome" => outcome).increment(1);
        return Written::unstored(StatusCode::OK, &taken?);
    };
    let parts = app.clone();
    let (written, _) =
        write(&app.store, &caller, Some(once), app.wall.now(), move |_| Done::new(StatusCode::OK, &take(&parts)?, ()))
            .await?;
    Ok(written)
}

/// Report many positions
///
/// NDJSON, a line for each: `{"driver":"drv_…","lat":40.7,"lon":-73.9,"at":"…","bearing":90,"speed_mps":8}`; the last
/// three may be left out. Bad lines are told and do not stop the good ones. An `Idempotency-Key` makes the body wait
/// until it is whole; positions need none, since an older one never replaces a newer.
#[utoipa::path(post, path = "/v1/cities/{city}/positions", tag = "positions", params(("city" = String, Path, description = "City id")),
    request_body(content = String, content_type = "application/x-ndjson", description = "One position a line"),
    responses((status = 200, body = LineAnswer)))]
async fn report_many(
    State(app): State<App>,
    caller: Caller<Driving>,
    Path(id): Path<String>,
    Headers(headers): Headers,
    body: lines::Body,
) -> Answer<Written> {
    let city = app.city(&id)?;
    let tenant = caller.tenant();
    if headers.contains_key(super::idempotency::HEADER) {
        let text = body.collect().await?;
        let once = Idempotency::of(&headers, &format!("POST positions {id}"), &text)?;
        let live = city.clone();
        let (written, _) = write(&app.store, &caller, once, app.wall.now(), move |_| {
            let mut intake = Intake::new(&live, &tenant);
            intake.take(&text);
            Done::new(StatusCode::OK, &intake.answer("ndjson"), ())
        })
        .await?;
        return Ok(written);
    }
    let mut intake = Intake::new(city, &tenant);
    body.each_chunk(|text| intake.take(text)).await?;
    Written::unstored(StatusCode::OK, &intake.answer("ndjson"))
}

/// Takes lines in order and counts what becomes of them.
struct Intake<'a> {
    city: &'a LiveCity,
    tenant: &'a str,
    taken: Taken,
    lines: usize,
    reports: Vec<PositionReport>,
    numbers: Vec<usize>,
}

impl<'a> Intake<'a> {
    fn new(city: &'a LiveCity, tenant: &'a str) -> Self {
        Self { city, tenant, taken: Taken::default(), lines: 0, reports: Vec::new(), numbers: Vec::new() }
    }

    /// Whole lines.
    fn take(&mut self, text: &[u8]) {
        self.reports.clear();
        self.numbers.clear();
        for (number, line) in lines::split(text) {
            match lines::read(line) {
                Ok(report) => {
                    self.reports.push(report);
                    self.numbers.push(self.lines + number);
                }
                Err(problem) => self.taken.reject(self.lines + number, problem.code().as_str(), problem.detail()),
            }
        }
        let answers = self.city.report_positions(self.tenant, &self.reports);
        let mut heard = Vec::with_capacity(answers.len());
        for ((number, report), answer) in self.numbers.iter().zip(&self.reports).zip(answers) {
            match answer {
                Ok(()) => {
                    heard.push(report.driver);
                    self.taken.accept();
                }
                Err(refusal) => self.taken.reject(*number, refusal.as_str(), &refusal.to_string()),
            }
        }
        self.taken.suggest(suggestion::news(self.city, self.tenant, &heard));
        self.taken.reroute(suggestion::rerouted(self.city, self.tenant, &heard));
        self.lines += text.iter().filter(|byte| **byte == b'\n').count();
    }

    fn answer(self, face: &'static str) -> LineAnswer {
        let answer = self.taken.answer();
        let count = |outcome: &'static str, n: usize| {
            metrics::counter!(POSITIONS, "face" => face, "outcome" => outcome).increment(n as u64);
        };
        count("accepted", answer.accepted);
        count("rejected", answer.rejected_total);
        answer
    }
}

/// Report positions over a WebSocket
///
/// Each text frame holds one or more NDJSON lines as for `POST …/positions`, and is answered by one frame
/// `{"accepted":n,"rejected_total":m,"rejected":[…]}`, with `suggestions` when idle drivers had best wait elsewhere, and `routes` with the drivers whose route has changed. Browsers send the key as the subprotocol
/// `bearer.<base64url(access:secret)>` beside `doorstep.v1`.
#[utoipa::path(get, path = "/v1/cities/{city}/positions/ws", tag = "positions", params(("city" = String, Path, description = "City id")),
    responses((status = 101, description = "The connection becomes a WebSocket")))]
async fn socket(
    State(app): State<App>,
    caller: Caller<Driving>,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    let city = app.city(&id)?.clone();
    let upgrade = upgrade.map_err(|rejection| not_a_websocket(&rejection))?;
    let place = app.stream("positions")?;
    let (limit, tenant) = (app.limits.frame_bytes, caller.tenant());
    let upgrade = upgrade.protocols([SUBPROTOCOL]).max_message_size(limit).max_frame_size(limit);
    Ok(upgrade.on_upgrade(move |socket| listen(socket, app, city, tenant, place)))
}

/// The request did not ask for a WebSocket.
pub(crate) fn not_a_websocket(rejection: &WebSocketUpgradeRejection) -> Problem {
    Problem::new(Code::InvalidBody, format!("this is a WebSocket: {}", rejection.body_text()))
}

async fn listen(mut socket: WebSocket, app: App, city: LiveCity, tenant: String, _place: StreamPlace) {
    let mut down = std::pin::pin!(app.shutdown.wait());
    let mut ping = tokio::time::interval(PING);
    let mut heard = doorstep_clock::monotonic();
    loop {
        tokio::select! {
            message = socket.recv() => {
                heard = doorstep_clock::monotonic();
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Binary(_))) => {
                        let reason = "send text frames of NDJSON lines";
                        return close(socket, close_code::UNSUPPORTED, reason).await;
                    }
                    Some(Ok(Message::Close(_))) | None => return,
                    Some(Err(error)) => {
                        tracing::debug!(%error, "a positions socket broke off");
                        return close(socket, close_code::SIZE, "the frame could not be read, or is too large").await;
                    }
                };
                let mut intake = Intake::new(&city, &tenant);
                intake.take(text.as_bytes());
                let answer = serde_json::to_string(&intake.answer("websocket")).expect("counts are plain JSON");
                if socket.send(Message::Text(answer.into())).await.is_err() {
                    return;
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return close(socket, close_code::POLICY, "nothing was heard for a minute").await;
                }
                if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                    return;
                }
            }
            () = &mut down => return close(socket, close_code::AWAY, "the server goes down").await,
        }
    }
}

/// Says why, then closes.
pub(crate) async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    // Whoever is gone already does not read the reason.
    let _ = socket.send(Message::Close(Some(frame))).await;
}
