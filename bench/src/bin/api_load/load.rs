//! The parts of the load.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use doorstep_bench::peers::redis::Redis;
use doorstep_clock::{SeededRng, monotonic};
use doorstep_geo::{Point, destination};
use rand::RngExt;
use serde_json::{Value, json};

use crate::Face;
use crate::server::CITY;
use crate::wire::{Door, Http, Socket};

const NDJSON: &str = "application/x-ndjson";
/// Positions in one frame, body or pipeline.
const PIECE: usize = 250;
/// Connections that report at the same time when the pace is given.
const REPORTERS: usize = 2;
/// Connections that ask for quotes.
const ASKERS: usize = 4;

/// How much of everything.
pub(crate) struct Pace {
    /// `None`: one connection, as fast as it goes.
    pub(crate) positions_per_s: Option<usize>,
    pub(crate) quotes_per_s: usize,
    pub(crate) seconds: u64,
}

/// Latencies in seconds.
#[derive(Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// These quantiles, in milliseconds.
    pub(crate) fn ms<const N: usize>(&self, quantiles: [f64; N]) -> [f64; N] {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        quantiles.map(|q| {
            let at = (q * sorted.len() as f64).ceil() as usize;
            sorted.get(at.saturating_sub(1)).map_or(f64::NAN, |seconds| seconds * 1e3)
        })
    }
}

/// What a part with positions and quotes showed.
pub(crate) struct Seen {
    pub(crate) accepted: u64,
    pub(crate) seconds: f64,
    pub(crate) quotes: Times,
}

/// Registers so many drivers and returns their ids.
pub(crate) fn register(door: &Door, drivers: usize) -> Result<Vec<String>> {
    let mut http = Http::connect(door)?;
    let mut ids = Vec::with_capacity(drivers);
    while ids.len() < drivers {
        let items: Vec<Value> = (ids.len()..drivers.min(ids.len() + 1_000))
            .map(|i| json!({"city": CITY, "name": format!("Driver {i}"), "plate": format!("P{i}"), "seats": 4}))
            .collect();
        let made = http.json("/v1/drivers/batch", &json!({ "items": items }))?;
        for driver in made["items"].as_array().context("a batch answers items")? {
            ids.push(driver["id"].as_str().context("a driver has an id")?.to_owned());
        }
    }
    Ok(ids)
}

/// Drivers and their reports, written out before the clock runs: two rounds, 20 m apart.
pub(crate) struct Fleet {
    ids: Vec<String>,
    rounds: [Vec<Point>; 2],
    pieces: Vec<String>,
}

impl Fleet {
    pub(crate) fn new(ids: Vec<String>, corners: &[Point]) -> Self {
        let mut rng = SeededRng::new(1, "bench.api");
        let first: Vec<Point> = ids.iter().map(|_| corners[rng.random_range(0..corners.len())]).collect();
        let second = first.iter().map(|&at| destination(at, rng.random_range(0.0..360.0), 20.0)).collect();
        let rounds = [first, second];
        let mut pieces = Vec::new();
        for points in &rounds {
            for (ids, points) in ids.chunks(PIECE).zip(points.chunks(PIECE)) {
                let mut text = String::new();
                for (id, at) in ids.iter().zip(points) {
                    // Writing into a String cannot fail.
                    let _ = writeln!(text, r#"{{"driver":"{id}","lat":{:.6},"lon":{:.6}}}"#, at.lat(), at.lon());
                }
                pieces.push(text);
            }
        }
        Self { ids, rounds, pieces }
    }

    /// Puts everybody on shift.
    pub(crate) fn go_online(&self, door: &Door) -> Result<()> {
        let mut http = Http::connect(door)?;
        let everybody = &self.pieces[..self.pieces.len() / 2];
        let mut accepted = 0;
        for lines in everybody.chunks(8) {
            accepted += taken(
                &http.post(&format!("/v1/cities/{CITY}/drivers/online"), NDJSON, None, lines.concat().as_bytes())?.1,
            )?;
        }
        ensure!(accepted as usize == self.ids.len(), "{accepted} of {} drivers came online", self.ids.len());
        Ok(())
    }

    /// Gives the same reports to Redis for so many seconds: how many, and the seconds.
    pub(crate) fn load_redis(&self, redis: &mut Redis, together: bool, seconds: u64) -> Result<(usize, f64)> {
        let (begun, mut count) = (monotonic(), 0);
        for points in self.rounds.iter().cycle() {
            for (ids, points) in self.ids.chunks(PIECE).zip(points.chunks(PIECE)) {
                let reports: Vec<(&str, Point)> = ids.iter().map(String::as_str).zip(points.iter().copied()).collect();
                if together {
                    redis.update_together(&reports)?
                } else {
                    redis.update_each(&reports)?
                }
                count += reports.len();
                if begun.elapsed().as_secs() >= seconds {
                    return Ok((count, begun.elapsed().as_secs_f64()));
                }
            }
        }
        Err(anyhow!("there are no drivers"))
    }
}

/// Sends positions at the pace, and quotes beside them.
pub(crate) fn positions(door: &Door, fleet: &Fleet, face: Face, corners: &[Point], pace: &Pace) -> Result<Seen> {
    let begun = monotonic();
    let end = begun + Duration::from_secs(pace.seconds);
    let reporters = if pace.positions_per_s.is_some() { REPORTERS } else { 1 };
    let (accepted, next) = (AtomicU64::new(0), AtomicUsize::new(0));
    let report = || -> Result<()> {
        let mut line = Line::open(door, face)?;
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if let Some(per_s) = pace.positions_per_s {
                let due = begun + Duration::from_secs_f64((piece * PIECE) as f64 / per_s as f64);
                std::thread::sleep(due.saturating_duration_since(monotonic()));
            }
            if monotonic() >= end {
                return Ok(());
            }
            accepted.fetch_add(line.give(&fleet.pieces[piece % fleet.pieces.len()])?, Ordering::Relaxed);
        }
    };
    let ask = |asker: usize| quotes(door, corners, asker, pace.quotes_per_s, begun, end);
    let quotes = std::thread::scope(|scope| -> Result<Times> {
        let reporters: Vec<_> = (0..reporters).map(|_| scope.spawn(report)).collect();
        let askers = if pace.quotes_per_s > 0 { ASKERS } else { 0 };
        let ask = &ask;
        let askers: Vec<_> = (0..askers).map(|asker| scope.spawn(move || ask(asker))).collect();
        let mut times = Times::default();
        for asker in askers {
            times.0.extend(joined(asker.join())?.0);
        }
        for reporter in reporters {
            joined(reporter.join())?;
        }
        Ok(times)
    })?;
    Ok(Seen { accepted: accepted.into_inner(), seconds: begun.elapsed().as_secs_f64(), quotes })
}

/// Asks for quotes when they are due. A late start counts as waiting: else a stall would hide itself.
fn quotes(door: &Door, corners: &[Point], asker: usize, per_s: usize, begun: Instant, end: Instant) -> Result<Times> {
    let mut http = Http::connect(door)?;
    let mut rng = SeededRng::new(asker as u64, "bench.api.quotes");
    let mut times = Times::default();
    for i in 0.. {
        let due = begun + Duration::from_secs_f64((i * ASKERS + asker) as f64 / per_s as f64);
        if due >= end {
            break;
        }
        std::thread::sleep(due.saturating_duration_since(monotonic()));
        quote(&mut http, corners, &mut rng)?;
        times.0.push(due.elapsed().as_secs_f64());
    }
    Ok(times)
}

/// One quote between two corners; the answer is its token.
fn quote(http: &mut Http, corners: &[Point], rng: &mut SeededRng) -> Result<String> {
    let mut corner = || {
        let at = corners[rng.random_range(0..corners.len())];
        json!({"lat": at.lat(), "lon": at.lon()})
    };
    let body = json!({"pickup": corner(), "dropoff": corner(), "seats": 1});
    let (status, answer) =
        http.post(&format!("/v1/cities/{CITY}/quotes"), "application/json", None, body.to_string().as_bytes())?;
    // Two corners may be one, and some lie outside the part of the city where every road leads on.
    if status >= 500 || status == 429 {
        return Err(anyhow!("a quote was answered with {status}: {}", String::from_utf8_lossy(&answer)));
    }
    let answer: Value = serde_json::from_slice(&answer)?;
    Ok(answer["token"].as_str().unwrap_or_default().to_owned())
}

/// Orders for so many seconds: orders per second, and their times. Quotes are got before the clock runs.
pub(crate) fn orders(door: &Door, corners: &[Point], clients: usize, seconds: u64) -> Result<(f64, Times)> {
    // More orders a second than any store here takes; who runs out of quotes stops early, and is seen to.
    const QUOTES_PER_S: usize = 4_000;
    let per_client = QUOTES_PER_S * usize::try_from(seconds)? / clients.max(1);
    let ready = std::sync::Barrier::new(clients + 1);
    let client = |client: usize| -> Result<(Times, f64, bool)> {
        let prepare = || -> Result<_> {
            let mut http = Http::connect(door)?;
            let mut rng = SeededRng::new(client as u64, "bench.api.orders");
            let mut tokens = Vec::with_capacity(per_client);
            while tokens.len() < per_client {
                let token = quote(&mut http, corners, &mut rng)?;
                if !token.is_empty() {
                    tokens.push(token);
                }
            }
            Ok((http, tokens))
        };
        // Whoever fails still has to come to the barrier, or the others wait for ever.
        let prepared = prepare();
        ready.wait();
        let (mut http, tokens) = prepared?;
        let begun = monotonic();
        let mut times = Times::default();
        for (i, token) in tokens.iter().enumerate() {
            if begun.elapsed().as_secs() >= seconds {
                return Ok((times, begun.elapsed().as_secs_f64(), false));
            }
            let body = json!({"quote": token, "rider": {"name": format!("Rider {client}")}}).to_string();
            let sent = monotonic();
            let (status, answer) =
                http.post("/v1/orders", "application/json", Some(&format!("bench-{client}-{i}")), body.as_bytes())?;
            ensure!(status == 201, "an order was answered with {status}: {}", String::from_utf8_lossy(&answer));
            times.0.push(sent.elapsed().as_secs_f64());
        }
        Ok((times, begun.elapsed().as_secs_f64(), true))
    };
    std::thread::scope(|scope| {
        let client = &client;
        let clients: Vec<_> = (0..clients).map(|i| scope.spawn(move || client(i))).collect();
        ready.wait();
        let (mut all, mut longest) = (Times::default(), 0.0_f64);
        for client in clients {
            let (times, seconds, ran_out) = joined(client.join())?;
            if ran_out {
                eprintln!("a client ran out of quotes after {seconds:.1} s");
            }
            all.0.extend(times.0);
            longest = longest.max(seconds);
        }
        Ok((all.0.len() as f64 / longest, all))
    })
}

/// One way in for positions.
enum Line {
    Socket(Box<Socket>),
    Http(Box<Http>),
}

impl Line {
    fn open(door: &Door, face: Face) -> Result<Self> {
        Ok(match face {
            Face::Websocket => {
                Self::Socket(Box::new(Socket::connect(door, &format!("/v1/cities/{CITY}/positions/ws"))?))
            }
            Face::Ndjson => Self::Http(Box::new(Http::connect(door)?)),
        })
    }

    /// Gives a piece and waits for the answer: how many positions were taken.
    fn give(&mut self, piece: &str) -> Result<u64> {
        match self {
            Self::Socket(socket) => {
                socket.send(piece.as_bytes())?;
                taken(&socket.receive()?)
            }
            Self::Http(http) => {
                let (status, answer) =
                    http.post(&format!("/v1/cities/{CITY}/positions"), NDJSON, None, piece.as_bytes())?;
                ensure!(status == 200, "positions were answered with {status}: {}", String::from_utf8_lossy(&answer));
                taken(&answer)
            }
        }
    }
}

fn taken(answer: &[u8]) -> Result<u64> {
    let answer: Value = serde_json::from_slice(answer)?;
    answer["accepted"].as_u64().with_context(|| format!("no count of accepted lines in {answer}"))
}

fn joined<T>(result: std::thread::Result<Result<T>>) -> Result<T> {
    result.map_err(|_| anyhow!("a thread of the load panicked"))?
}
