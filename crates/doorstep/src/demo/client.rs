//! A small client of Doorstep's public HTTP API, as an app would have one: nothing here knows the inside.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use doorstep_geo::Point;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One access key's view of one Doorstep.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    bearer: String,
}

/// What the API answered when it did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// A problem document (RFC 9457).
    #[error("{status}: {code}: {detail}")]
    Problem { status: StatusCode, code: String, detail: String },
    /// No answer, or one that could not be read.
    #[error("no answer: {0}")]
    Lost(#[from] reqwest::Error),
}

impl CallError {
    /// Whether it was refused for this reason.
    pub(super) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Problem { code, .. } if code == wanted)
    }

    /// Whether the same call may go through later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Problem { status, .. } => *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error(),
            Self::Lost(_) => true,
        }
    }
}

/// What a call carries.
enum Load {
    /// JSON, with an idempotency key.
    Json(String, Value),
    /// An object, with its media type.
    Bytes(String, Vec<u8>),
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    detail: String,
}

/// The parts of a city that a client needs.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CityView {
    pub(super) clock: ClockView,
    #[serde(default)]
    pub(super) policy: PolicyView,
}

/// How the city decides, as far as drivers have to know.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct PolicyView {
    /// Cars take several riders.
    #[serde(default)]
    pub(super) shared: Option<Value>,
}

/// A driver's route.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct StopsView {
    pub(super) stops: Vec<StopView>,
}

/// One stop of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct StopView {
    pub(super) order: String,
    pub(super) kind: String,
    pub(super) place: Point,
}

/// The city's clock.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ClockView {
    pub(super) now: doorstep_clock::Timestamp,
    pub(super) speed: f64,
    pub(super) paused: bool,
}

/// The parts of an order that a driver's app needs.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct OrderView {
    pub(super) id: String,
    pub(super) state: String,
    pub(super) pickup: Point,
    pub(super) dropoff: Point,
    pub(super) driver: Option<DriverRef>,
}

/// The driver named by an order.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct DriverRef {
    pub(super) id: String,
}

/// One event of a city's order stream.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct OrderEvent {
    pub(super) order: OrderView,
}

/// A driver as the API shows one.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct DriverView {
    pub(super) id: String,
    #[serde(default)]
    pub(super) position: Option<Point>,
}

/// What positions brought back.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Taken {
    #[serde(default)]
    pub(super) suggestions: Vec<DriverSuggestion>,
    /// Drivers whose route has changed.
    #[serde(default)]
    pub(super) routes: Vec<String>,
}

/// Where a driver had best wait.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct DriverSuggestion {
    pub(super) driver: String,
    pub(super) suggestion: Suggestion,
}

/// A place to wait at.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Suggestion {
    pub(super) place: Point,
}

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

/// A route to drive.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RouteView {
    pub(super) time_s: f64,
    pub(super) geometry: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
struct QuoteView {
    token: String,
    #[serde(default)]
    share: Option<Value>,
}

#[derive(Deserialize)]
struct KeyView {
    access: String,
    secret: String,
}

impl Client {
    /// A client of the API at `base` (`http://host:port`) with an access key's two halves.
    pub(super) fn new(base: &str, access: &str, secret: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(64)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), bearer: format!("{access}:{secret}") })
    }

    /// Makes a further key with `scopes` and gives a client that holds it.
    pub(super) async fn with_scopes(&self, name: &str, scopes: &[&str]) -> anyhow::Result<Self> {
        let key: KeyView =
            self.post("/v1/keys", json!({"name": name, "scopes": scopes})).await.context("a key for the demo")?;
        Ok(Self { bearer: format!("{}:{}", key.access, key.secret), ..self.clone() })
    }

    /// The value of the `Authorization` header.
    pub(super) fn authorization(&self) -> String {
        format!("Bearer {}", self.bearer)
    }

    /// The address of the positions WebSocket of `city`.
    pub(super) fn positions_url(&self, city: &str) -> String {
        format!("{}/v1/cities/{city}/positions/ws", self.base.replacen("http", "ws", 1))
    }

    /// GETs `path`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.call(Method::GET, path, None).await
    }

    /// POSTs `body` to `path`. Every call carries an idempotency key of its own, kept over its retries, so
    /// that a lost answer is asked for again without doing anything twice.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T, CallError> {
        self.persist(Method::POST, path, &Load::Json(uuid::Uuid::now_v7().simple().to_string(), body)).await
    }

    /// PUTs `body` to `path`: afterwards it is as the body says, however often it is done.
    pub(super) async fn put<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T, CallError> {
        self.persist(Method::PUT, path, &Load::Json(uuid::Uuid::now_v7().simple().to_string(), body)).await
    }

    /// Puts an object of this media type into a bucket; the key needs no escapes.
    pub(super) async fn put_object(&self, bucket: &str, key: &str, kind: &str, body: &[u8]) -> Result<(), CallError> {
        let load = Load::Bytes(kind.to_owned(), body.to_owned());
        let _: Value = self.persist(Method::PUT, &format!("/v1/buckets/{bucket}/objects/{key}"), &load).await?;
        Ok(())
    }

    async fn persist<T: DeserializeOwned>(&self, method: Method, path: &str, load: &Load) -> Result<T, CallError> {
        let mut wait = Duration::from_millis(50);
        for _ in 0..4 {
            match self.call(method.clone(), path, Some(load)).await {
                Err(e) if e.may_pass() => tokio::time::sleep(wait).await,
                done => return done,
            }
            wait *= 3;
        }
        self.call(method, path, Some(load)).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, load: Option<&Load>) -> Result<T, CallError> {
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.bearer);
        let request = match load {
            Some(Load::Json(key, body)) => request.header("idempotency-key", key).json(body),
            Some(Load::Bytes(kind, bytes)) => request.header("content-type", kind).body(bytes.clone()),
            None => request,
        };
        let answer = request.send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.json().await?);
        }
        let problem = answer.json().await.unwrap_or(Problem { code: String::new(), detail: String::new() });
        Err(CallError::Problem { status, code: problem.code, detail: problem.detail })
    }

    /// Opens the order events of `city`, after `last` when given.
    pub(super) async fn events(&self, city: &str, last: Option<&str>) -> anyhow::Result<reqwest::Response> {
        let mut request = self
            .http
            .get(format!("{}/v1/cities/{city}/events?from=latest", self.base))
            .timeout(Duration::from_secs(365 * 86_400)) // a stream lasts as long as the demo
            .bearer_auth(&self.bearer);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Ok(request.send().await?.error_for_status()?)
    }

    /// Brings drivers online in bulk: one NDJSON line each.
    pub(super) async fn online(&self, city: &str, lines: &[Value]) -> anyhow::Result<()> {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let answer: Value = self
            .http
            .post(format!("{}/v1/cities/{city}/drivers/online", self.base))
            .bearer_auth(&self.bearer)
            .header("content-type", "application/x-ndjson")
            .body(body)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let rejected = answer["rejected"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(rejected == 0, "drivers could not come online: {}", answer["rejected"]);
        Ok(())
    }

    /// The road from `from` to `to`.
    pub(super) async fn route(&self, city: &str, from: Point, to: Point) -> Result<RouteView, CallError> {
        self.post(&format!("/v1/cities/{city}/route"), json!({"from": from, "to": to})).await
    }

    /// Asks for a price and orders the ride, as a rider's app does when its rider taps "Go".
    pub(super) async fn ride(
        &self,
        city: &str,
        wish: &super::script::Wish,
        name: &str,
        share: bool,
    ) -> Result<OrderView, CallError> {
        let quote: QuoteView = self
            .post(
                &format!("/v1/cities/{city}/quotes"),
                json!({"pickup": wish.pickup, "dropoff": wish.dropoff, "seats": wish.seats,
                    "needs": wish.special.needs(), "wishes": wish.special.wishes()}),
            )
            .await?;
        // A party that is too large for it gets no shared price.
        let share = share && quote.share.is_some();
        self.post("/v1/orders", json!({"quote": quote.token, "rider": {"name": name}, "share": share})).await
    }

    /// All pages of the list at `path` (which already has a query).
    pub(super) async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, CallError> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page: Page<T> = self.get(&format!("{path}&limit=200{cursor}")).await?;
            items.extend(page.items);
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }
}

/// The city's time as a client knows it: read from the API now and then, carried on in between.
#[derive(Clone, Debug)]
pub(super) struct CityTime {
    read_at: Instant,
    now_ms: i64,
    speed: f64,
}

impl CityTime {
    /// From a reading that was just taken.
    pub(super) fn new(clock: &ClockView) -> Self {
        Self {
            read_at: doorstep_clock::monotonic(),
            now_ms: clock.now.millis(),
            speed: if clock.paused { 0.0 } else { clock.speed },
        }
    }

    /// City time in milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        self.now_ms + (self.read_at.elapsed().as_secs_f64() * 1000.0 * self.speed) as i64
    }

    /// City seconds per second; 0 while paused.
    pub(super) fn speed(&self) -> f64 {
        self.speed
    }
}
