//! A small city, a server that runs it, and a client of the public API.

use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use doorstep::{
    config::Config,
    node::{Node, Wishes},
    roles::Role,
};
use doorstep_roads::{CityFile, Roads, WeekProfile, import};
use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};

pub(crate) const CITY: &str = "grid";
/// Streets of the city in each direction, and how far apart they are in degrees (about 220 m and 170 m).
const STREETS: usize = 12;
const STEP: f64 = 0.002;
const SOUTH: f64 = 40.70;
const WEST: f64 = -74.00;

/// The place at a street corner, counted from the south-west.
pub(crate) fn corner(row: usize, column: usize) -> Value {
    json!({"lat": SOUTH + STEP * row as f64, "lon": WEST + STEP * column as f64})
}

/// The node and edge tables of a grid of two-way streets.
pub(crate) fn tables() -> (String, String) {
    let (mut nodes, mut edges) = ("node,lon,lat\n".to_owned(), "from,to,length,speed\n".to_owned());
    let id = |row: usize, column: usize| row * STREETS + column;
    for row in 0..STREETS {
        for column in 0..STREETS {
            let (lat, lon) = (SOUTH + STEP * row as f64, WEST + STEP * column as f64);
            writeln!(nodes, "{},{lon:.4},{lat:.4}", id(row, column)).unwrap();
            let ends =
                [(row + 1 < STREETS, id(row + 1, column), 0.222), (column + 1 < STREETS, id(row, column + 1), 0.169)];
            for (_, end, km) in ends.into_iter().filter(|(inside, ..)| *inside) {
                writeln!(edges, "{},{end},{km},30\n{end},{},{km},30", id(row, column), id(row, column)).unwrap();
            }
        }
    }
    (nodes, edges)
}

/// Imports the grid into a directory.
pub(crate) fn import_city(dir: &Path) {
    let (nodes, edges) = tables();
    let roads = Roads::build(import::tables(nodes.as_bytes(), edges.as_bytes()).unwrap().graph);
    let city = CityFile {
        id: CITY.to_owned(),
        name: "Grid".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "America/New_York".to_owned(),
        week: WeekProfile::flat(roads.graph().arc_count()),
        hierarchy: (**roads.hierarchy()).clone(),
        graph: (**roads.graph()).clone(),
        sources: vec!["made for tests".to_owned()],
    };
    city.save(dir).unwrap();
}

/// A running server and the directory that goes with it.
pub(crate) struct Server {
    pub(crate) admin: Client,
    node: Node,
    dir: tempfile::TempDir,
}

impl Server {
    /// Decides every fifth of a second; everything else as usual.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        import_city(&dir.path().join("grid"));
        Self::on(dir, change).await
    }

    /// Once more on what an earlier server left behind.
    pub(crate) async fn on(dir: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            roles: vec![Role::City, Role::Api],
            data: dir.path().join("data"),
            cities: vec![dir.path().join("grid")],
            ..Config::default()
        };
        config.api.listen = ([127, 0, 0, 1], 0).into();
        config.dispatch.batch_s = 0.2;
        change(&mut config);
        // In one process a connection of the earlier server may hold the journal a moment longer.
        let began = Instant::now();
        let node = loop {
            match Node::start(config.clone(), Wishes { fresh_admin_key: true, ..Wishes::default() }).await {
                Ok(node) => break node,
                Err(error) if began.elapsed() < Duration::from_secs(5) && format!("{error:#}").contains("in use") => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error:#}"),
            }
        };
        let key = node.admin_key.clone().unwrap();
        let admin = Client::new(format!("http://{}", node.api.unwrap()), format!("{}:{}", key.access, key.secret));
        Self { admin, node, dir }
    }

    /// Where buckets are.
    pub(crate) fn objects(&self) -> std::net::SocketAddr {
        self.node.objects.unwrap()
    }

    pub(crate) async fn stop(self) -> tempfile::TempDir {
        self.node.stop().await;
        self.dir
    }

    /// What a command beside the running server, on its data, prints.
    pub(crate) fn command(&self, args: &[&str]) -> String {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_doorstep"));
        let done = command.args(args).arg("--data").arg(self.dir.path().join("data")).env_clear().output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// Makes another tenant, by the command line beside the running server, and gives its admin.
    pub(crate) fn tenant(&self, id: &str) -> Client {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_doorstep"));
        command.args(["tenant", "create", id, "--json", "--data"]).arg(self.dir.path().join("data"));
        let made = command.env_clear().output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Client::new(self.admin.base.clone(), format!("{}:{}", text("access"), text("secret")))
    }

    /// A client whose key has these scopes.
    pub(crate) async fn client(&self, scopes: &[&str]) -> Client {
        let key = self.admin.post("/v1/keys", json!({"name": "test", "scopes": scopes})).await.made();
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        Client::new(self.admin.base.clone(), format!("{}:{}", text("access"), text("secret")))
    }
}

/// One key's view of the API.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) key: String,
}

impl Client {
    pub(crate) fn new(base: String, key: String) -> Self {
        Self { http: reqwest::Client::new(), base, key }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("idempotency-key", key).json(body);
        Answer::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn post_text(&self, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.request(Method::POST, path).header("content-type", kind).body(body).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    /// Registers a driver at a corner and brings him online.
    pub(crate) async fn driver_at(&self, row: usize, column: usize) -> String {
        let new = json!({"city": CITY, "name": "Bea", "plate": "B 1", "seats": 4});
        let driver = self.post("/v1/drivers", new).await.made();
        let id = driver["id"].as_str().unwrap().to_owned();
        self.post(&format!("/v1/drivers/{id}/online"), json!({"position": corner(row, column)})).await.done();
        id
    }

    /// A quote's token for a trip from corner 1,1 to corner 9,9.
    pub(crate) async fn quote(&self) -> Value {
        let trip = json!({"pickup": corner(1, 1), "dropoff": corner(9, 9)});
        self.post(&format!("/v1/cities/{CITY}/quotes"), trip).await.done()
    }

    /// Orders that trip.
    pub(crate) async fn order(&self) -> Value {
        let quote = self.quote().await;
        self.post("/v1/orders", json!({"quote": quote["token"], "rider": {"name": "Ada"}})).await.made()
    }

    /// Waits until the order is in this state.
    pub(crate) async fn until(&self, order: &str, state: &str) -> Value {
        let began = Instant::now();
        loop {
            let seen = self.get(&format!("/v1/orders/{order}")).await.done();
            if seen["state"] == state {
                return seen;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "the order never was {state}: {seen}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    #[track_caller]
    pub(crate) fn done(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn made(self) -> Value {
        assert_eq!(self.status, 201, "{}", self.body);
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The answer is a whole problem of this status and code; gives its body.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("https://doorstep.dev/problems/{code}"));
        assert!(self.body["instance"].as_str().unwrap().ends_with(self.header("x-request-id")), "{}", self.body);
        assert!(!self.body["detail"].as_str().unwrap().is_empty());
        self.body
    }

    /// The answer is a problem that names this field.
    #[track_caller]
    pub(crate) fn names(self, status: u16, code: &str, field: &str) -> Value {
        let body = self.problem(status, code);
        assert_eq!(body["errors"][0]["field"], field, "{body}");
        assert!(!body["errors"][0]["fix"].as_str().unwrap().is_empty());
        body
    }
}
