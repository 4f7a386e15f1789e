//! A face on a free port in front of a stand-in for S3, and a client that signs.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
use doorstep_blobs::Blobs;
use doorstep_clock::{Clock as _, SharedClock, SystemClock};
use doorstep_fetch::Fetcher;
use doorstep_identity::{Keys, Scope, TenantId, Vault};
use doorstep_meter::{Allowance, Amounts, Estimate, MeterError, Metering, Resource, Unmetered, Usage, Wish};
use doorstep_objects::{Made, Maker, NewBucket, NotMade, Objects, Order};
use doorstep_store::Migration;
use doorstep_store::testing::Opener;
use doorstep_ufile::{Config, UfileFace};
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, StatusCode};
use reqwest::{RequestBuilder, Response};
use sha1::Sha1;

pub(crate) struct Running {
    pub(crate) port: u16,
    pub(crate) public: String,
    pub(crate) private: String,
    pub(crate) objects: Objects,
    pub(crate) keys: Keys,
    pub(crate) http: reqwest::Client,
    pub(crate) face: UfileFace,
    pub(crate) counted: Arc<Counts>,
    /// The one place inside that may be called back.
    pub(crate) callbacks: Option<tokio::net::TcpListener>,
    _dir: tempfile::TempDir,
}

/// A meter that shows what was counted, by bucket and resource.
#[derive(Debug, Default)]
pub(crate) struct Counts(std::sync::Mutex<std::collections::BTreeMap<(String, &'static str), u64>>);

impl Counts {
    pub(crate) fn of(&self, resource: Resource) -> u64 {
        self.0.lock().unwrap().get(&("main/photos".to_owned(), resource.as_str())).copied().unwrap_or(0)
    }
}

#[async_trait::async_trait]
impl Metering for Counts {
    fn count(&self, tenant: &str, source: &str, resource: Resource, quantity: u64) {
        *self.0.lock().unwrap().entry((format!("{tenant}/{source}"), resource.as_str())).or_default() += quantity;
    }

    async fn record(&self, usage: Usage) -> Result<(), MeterError> {
        Unmetered.record(usage).await
    }

    async fn estimate(&self, tenant: &str, speed: &str, amounts: &Amounts) -> Result<Estimate, MeterError> {
        Unmetered.estimate(tenant, speed, amounts).await
    }

    async fn admit(&self, tenant: &str) -> Result<(), MeterError> {
        Unmetered.admit(tenant).await
    }

    async fn allow(&self, wish: Wish) -> Result<Allowance, MeterError> {
        Unmetered.allow(wish).await
    }
}

/// What stands for the maker of pictures: makes letters large, and refuses who asks for nothing of its own.
struct Shouter(Objects);

impl Maker for Shouter {
    fn make(&self, order: Order) -> BoxFuture<'_, Result<Made, NotMade>> {
        Box::pin(async move {
            if order.query.contains("iopcmd=none") {
                let message = "iopcmd: there is no `none`".to_owned();
                return Err(NotMade::Refused { status: 400, code: "InvalidArgument", message });
            }
            let room = |_| Ok::<_, NotMade>(());
            let (bytes, _) = self.0.gather(order.body, order.length, order.md5, 1000, room).await?;
            let said = format!("{} own={}", String::from_utf8_lossy(&bytes).to_uppercase(), order.own);
            Ok(Made { bytes: said.into(), media_type: "text/shout".to_owned() })
        })
    }
}

/// What stands for S3: says what came to it.
async fn behind(request: axum::extract::Request) -> Result<http::Response<axum::body::Body>, Infallible> {
    let (head, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await;
    let text = format!("S3 {} {} {}", head.method, head.uri, bytes.map_or(0, |b| b.len()));
    Ok(http::Response::new(axum::body::Body::from(text)))
}

pub(crate) async fn start(open: Opener) -> Running {
    start_with(open, doorstep_objects::Config::default()).await
}

pub(crate) async fn start_with(open: Opener, limits: doorstep_objects::Config) -> Running {
    let migrations: Vec<Migration> =
        doorstep_identity::MIGRATIONS.iter().chain(doorstep_objects::MIGRATIONS).copied().collect();
    let store = open(&migrations).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(&doorstep_blobs::Config::disk(dir.path())).await.unwrap();
    let clock: SharedClock = Arc::new(SystemClock);
    let keys = Keys::new(store.clone(), Arc::clone(&clock)).with_vault(Arc::new(Vault::new(&[1; 32])));
    let admin = keys.ensure_admin().await.unwrap().unwrap();
    let objects = Objects::new(store, blobs, clock, limits);
    objects.create_bucket("main", "photos", NewBucket::default()).await.unwrap();
    let callbacks = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let private = vec![callbacks.local_addr().unwrap().to_string()];
    let caller = Fetcher::new(doorstep_fetch::Config { private, ..doorstep_fetch::Config::default() }).unwrap();
    let config = Config { hosts: vec![("127.0.0.1".to_owned(), "photos".to_owned())], ..Config::default() };
    let counted = Arc::new(Counts::default());
    let face = UfileFace::new(objects.clone(), keys.clone(), caller, config)
        .metered(counted.clone())
        .making(Arc::new(Shouter(objects.clone())));
    let front = face.clone().in_front_of(tower::service_fn(|request: http::Request<doorstep_ufile::RequestBody>| {
        behind(request.map(axum::body::Body::new))
    }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback_service(front)).await });
    let (public, private) = (admin.access.to_string(), admin.secret);
    Running {
        port,
        public,
        private,
        objects,
        keys,
        http: reqwest::Client::new(),
        face,
        counted,
        callbacks: Some(callbacks),
        _dir: dir,
    }
}

/// The signature of a text.
pub(crate) fn sign(private: &str, text: &str) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(private.as_bytes()).unwrap().chain_update(text);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// What is changed of a request before it is sent.
pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub(crate) fn now_s(&self) -> i64 {
        SystemClock.now().millis() / 1000
    }

    /// A request that is not signed, to the bucket's host under a domain.
    pub(crate) fn elsewhere(&self, method: Method, path: &str) -> RequestBuilder {
        self.plain(method, path).header("host", format!("photos.example:{}", self.port))
    }

    /// A request that is not signed, to the bucket's own host.
    pub(crate) fn plain(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// A signed request; `path` has the key as it is signed, behind it a query.
    pub(crate) fn signed(
        &self,
        method: Method,
        path: &str,
        headers: Headers<'_>,
        policy: Option<&str>,
    ) -> RequestBuilder {
        self.signed_by(&self.public, &self.private, method, path, headers, policy)
    }

    pub(crate) fn signed_by(
        &self,
        public: &str,
        private: &str,
        method: Method,
        path: &str,
        headers: Headers<'_>,
        policy: Option<&str>,
    ) -> RequestBuilder {
        let value = |name: &str| headers.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v);
        let key = match path.strip_prefix("uploadhit?") {
            Some(query) => query.split('&').find_map(|p| p.strip_prefix("FileName=")).unwrap_or_default(),
            None => path.split('?').next().unwrap_or_default(),
        };
        let encoded = policy.map(|policy| BASE64_URL_SAFE.encode(policy));
        let text = format!(
            "{method}\n{}\n{}\n{}\n/photos/{key}{}",
            value("content-md5"),
            value("content-type"),
            value("date"),
            encoded.as_deref().unwrap_or_default()
        );
        let more = encoded.map(|encoded| format!(":{encoded}")).unwrap_or_default();
        let authorization = format!("UCloud {public}:{}{more}", sign(private, &text));
        let mut request = self.plain(method, path).header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    }

    pub(crate) async fn put(&self, key: &str, body: impl Into<reqwest::Body>) -> Response {
        self.signed(Method::PUT, key, &[], None).body(body).send().await.unwrap()
    }

    pub(crate) async fn get(&self, key: &str) -> Response {
        self.signed(Method::GET, key, &[], None).send().await.unwrap()
    }

    /// A key of a tenant with these scopes.
    pub(crate) async fn key(&self, tenant: &str, scope: Scope) -> (String, String) {
        if tenant != "main" {
            let _ = self.keys.create_tenant(tenant).await;
        }
        let key = self.keys.create(&TenantId::new(tenant), "test", [scope].into_iter().collect(), None).await.unwrap();
        (key.access.to_string(), key.secret)
    }
}

/// Status, code and words of a refusal, which must have a session.
pub(crate) async fn refusal(response: Response) -> (u16, i64, String) {
    let status = response.status();
    assert!(status >= StatusCode::BAD_REQUEST, "it was not refused");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.headers().contains_key("x-sessionid"));
    let told: serde_json::Value = response.json().await.unwrap();
    (status.as_u16(), told["RetCode"].as_i64().unwrap(), told["ErrMsg"].as_str().unwrap().to_owned())
}

pub(crate) fn etag(response: &Response) -> String {
    response.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned()
}

/// The UFile hash of bytes.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let mut hash = doorstep_objects::UfileHash::default();
    hash.update(bytes);
    hash.finish()
}
