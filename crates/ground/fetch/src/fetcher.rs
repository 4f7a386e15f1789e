//! The fetching itself, hop by hop.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest_tls::dns::{Addrs, Name, Resolve, Resolving};
use reqwest_tls::{Client, Response, StatusCode, Url, header, redirect};
use tokio::io::AsyncWriteExt as _;

use crate::{FetchError, is_public};

/// What may be fetched and how much of it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `host:port` that may be reached although it is not public: an asset server of one's own, say.
    pub private: Vec<String>,
    /// Bytes of an answer.
    pub bytes: usize,
    /// Time for all of it.
    pub time: Duration,
    /// Redirects that are followed.
    pub redirects: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { private: Vec::new(), bytes: 8 << 20, time: Duration::from_secs(5), redirects: 3 }
    }
}

/// What came.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its bytes.
    pub body: Bytes,
    /// What it says it is.
    pub media_type: Option<String>,
}

/// What was answered to something posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// HTTP's number; a redirect is told, not followed.
    pub status: u16,
    /// Its bytes.
    pub body: Bytes,
    /// What they say they are.
    pub media_type: Option<String>,
}

/// By what it is told whether something has changed, as its server gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// The header `ETag`.
    pub etag: Option<String>,
    /// The header `Last-Modified`.
    pub modified: Option<String>,
}

/// What became of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Download {
    /// It is as it was known.
    Unchanged,
    /// The file has it.
    Written {
        /// How many bytes.
        bytes: u64,
        /// To ask with the next time.
        validators: Validators,
    },
}

/// Connecting may take this long, whatever the whole may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Fetches. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    config: Arc<Config>,
}

/// Stands for an address that was not tried.
#[derive(Debug, thiserror::Error)]
#[error("not a public address")]
struct NotPublic;

/// Names to public addresses only.
struct PublicNames {
    private: Vec<String>,
}

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_ascii_lowercase();
        let known = self.private.contains(&host);
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let good: Vec<SocketAddr> = found.filter(|at| known || is_public(at.ip())).collect();
            if good.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

fn short(text: &str) -> String {
    text.chars().take(128).collect()
}

impl Fetcher {
    /// With these bounds.
    ///
    /// # Errors
    /// [`FetchError::Failed`] when the system's certificates cannot be read.
    pub fn new(config: Config) -> Result<Self, FetchError> {
        let hosts = config.private.iter().filter_map(|entry| entry.rsplit_once(':'));
        let private = hosts.map(|(host, _)| host.to_ascii_lowercase()).collect();
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .dns_resolver(Arc::new(PublicNames { private }))
            .connect_timeout(config.time.min(CONNECT))
            .pool_max_idle_per_host(2)
            .user_agent("doorstep")
            .build()
            .map_err(|error| FetchError::Failed(error.to_string()))?;
        Ok(Self { client, config: Arc::new(config) })
    }

    /// Fetches what is at `url`.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        let fetch = async { self.take(self.follow(url, header::HeaderMap::new()).await?).await };
        self.in_time(fetch).await
    }

    /// Fetches what is at `url` into a file that is made or emptied, if it is not as it was `known`. What an error leaves
    /// in the file is the caller's to delete.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn download(&self, url: &str, known: &Validators, into: &Path) -> Result<Download, FetchError> {
        let mut headers = header::HeaderMap::new();
        for (name, value) in [(header::IF_NONE_MATCH, &known.etag), (header::IF_MODIFIED_SINCE, &known.modified)] {
            if let Some(value) = value.as_deref().and_then(|value| value.parse().ok()) {
                headers.insert(name, value);
            }
        }
        let download = async {
            let answer = self.follow(url, headers).await?;
            match answer.status() {
                StatusCode::NOT_MODIFIED => Ok(Download::Unchanged),
                status if status.is_success() => self.write(answer, into).await,
                status => Err(FetchError::Status { status: status.as_u16() }),
            }
        };
        self.in_time(download).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
        let time = self.config.time;
        let done = tokio::time::timeout(time, work).await;
        done.unwrap_or(Err(FetchError::TooSlow { seconds: time.as_secs() }))
    }

    async fn write(&self, mut answer: Response, into: &Path) -> Result<Download, FetchError> {
        let most = self.config.bytes;
        if answer.content_length().is_some_and(|length| length > most as u64) {
            return Err(FetchError::TooLarge { most });
        }
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let validators = Validators { etag: text(header::ETAG), modified: text(header::LAST_MODIFIED) };
        let kept = |error: std::io::Error| FetchError::Failed(format!("it cannot be kept: {error}"));
        let mut file = tokio::io::BufWriter::new(tokio::fs::File::create(into).await.map_err(kept)?);
        let mut bytes = 0;
        while let Some(piece) = answer.chunk().await.map_err(|error| failed(answer.url(), &error))? {
            bytes += piece.len();
            if bytes > most {
                return Err(FetchError::TooLarge { most });
            }
            file.write_all(&piece).await.map_err(kept)?;
        }
        file.flush().await.map_err(kept)?;
        Ok(Download::Written { bytes: bytes as u64, validators })
    }

    /// Refuses an address that nothing would be sent to, before there is something to send.
    ///
    /// # Errors
    /// [`FetchError::Address`], [`FetchError::Private`].
    pub fn check(&self, url: &str) -> Result<(), FetchError> {
        self.read(url).and_then(|at| self.admit(&at))
    }

    /// Posts something and waits for the answer, whatever its status.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn post(&self, url: &str, media_type: &str, body: String) -> Result<Posted, FetchError> {
        let at = self.read(url)?;
        self.admit(&at)?;
        let send = async {
            let request = self.client.post(at.clone()).header(header::CONTENT_TYPE, media_type).body(body);
            let answer = request.send().await.map_err(|error| failed(&at, &error))?;
            let status = answer.status().as_u16();
            let Fetched { body, media_type } = self.bytes(answer).await?;
            Ok(Posted { status, body, media_type })
        };
        self.in_time(send).await
    }

    fn read(&self, url: &str) -> Result<Url, FetchError> {
        let reason = "write http:// or https:// and a host";
        Url::parse(url).map_err(|_| FetchError::Address { url: short(url), reason })
    }

    /// The answer behind all redirects.
    async fn follow(&self, url: &str, headers: header::HeaderMap) -> Result<Response, FetchError> {
        let bad = |reason| FetchError::Address { url: short(url), reason };
        let mut at = self.read(url)?;
        for _ in 0..=self.config.redirects {
            self.admit(&at)?;
            let request = self.client.get(at.clone()).headers(headers.clone());
            let answer = request.send().await.map_err(|error| failed(&at, &error))?;
            if !answer.status().is_redirection() || answer.status() == StatusCode::NOT_MODIFIED {
                return Ok(answer);
            }
            let next = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
            let next = next.ok_or(FetchError::Status { status: answer.status().as_u16() })?;
            at = at.join(next).map_err(|_| bad("it redirects to no address"))?;
            tracing::debug!(to = %at, "redirected");
        }
        Err(FetchError::Redirects { most: self.config.redirects })
    }

    /// Looks at an address before anything is sent to it. Names are looked at once more when they are resolved.
    fn admit(&self, url: &Url) -> Result<(), FetchError> {
        let bad = |reason| FetchError::Address { url: short(url.as_str()), reason };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("only http and https are fetched"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("leave user and password out"));
        }
        let host = url.host_str().ok_or_else(|| bad("it names no host"))?;
        let port = url.port_or_known_default().unwrap_or(0);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let own: Vec<&str> = self
            .config
            .private
            .iter()
            .filter_map(|entry| entry.rsplit_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case(host))
            .map(|(_, port)| port)
            .collect();
        if own.is_empty() {
            // A literal address goes by no resolver.
            let literal = bare.parse::<IpAddr>();
            return match literal {
                Ok(address) if !is_public(address) => Err(FetchError::Private { host: short(host) }),
                _ => Ok(()),
            };
        }
        let allowed = own.iter().any(|own| *own == port.to_string());
        if allowed { Ok(()) } else { Err(FetchError::Private { host: format!("{}:{port}", short(host)) }) }
    }

    async fn take(&self, answer: Response) -> Result<Fetched, FetchError> {
        if !answer.status().is_success() {
            return Err(FetchError::Status { status: answer.status().as_u16() });
        }
        self.bytes(answer).await
    }

    async fn bytes(&self, mut answer: Response) -> Result<Fetched, FetchError> {
        let most = self.config.bytes;
        if answer.content_length().is_some_and(|length| length > most as u64) {
            return Err(FetchError::TooLarge { most });
        }
        let media_type = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(short);
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| failed(answer.url(), &error))? {
            if body.len() + piece.len() > most {
                return Err(FetchError::TooLarge { most });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Fetched { body: body.freeze(), media_type })
    }
}

fn failed(url: &Url, error: &reqwest_tls::Error) -> FetchError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    let mut words = String::new();
    while let Some(one) = cause {
        if one.is::<NotPublic>() {
            return FetchError::Private { host: short(url.host_str().unwrap_or_default()) };
        }
        words = one.to_string();
        cause = one.source();
    }
    FetchError::Failed(short(&words))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::Router;
    use axum::response::Redirect;
    use axum::routing::{get, post};

    use super::*;

    async fn server() -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/logo", get(|| async { "logo" }))
            .route("/echo", post(|body: String| async move { format!("heard {body}") }))
            .route("/large-echo", post(|| async { "x".repeat(2000) }))
            .route("/move", post(|| async { Redirect::temporary("/echo") }))
            .route(
                "/tagged",
                get(|headers: axum::http::HeaderMap| async move {
                    let known = headers.get("if-none-match").is_some_and(|tag| tag == "\"v1\"");
                    let status = if known { axum::http::StatusCode::NOT_MODIFIED } else { axum::http::StatusCode::OK };
                    (status, [("etag", "\"v1\"")], if known { "" } else { "rows" })
                }),
            )
            .route("/to-tagged", get(|| async { Redirect::temporary("/tagged") }))
            .route("/large", get(|| async { "x".repeat(2000) }))
            .route("/slow", get(std::future::pending::<()>))
            .route("/to-logo", get(|| async { Redirect::temporary("/logo") }))
            .route("/loop", get(|| async { Redirect::temporary("/loop") }))
            .route("/inside", get(|| async { Redirect::temporary("http://127.0.0.1:1/secret") }))
            .route("/metadata", get(|| async { Redirect::temporary("http://169.254.169.254/latest") }))
            .route("/file", get(|| async { Redirect::temporary("file:///etc/passwd") }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        at.to_string()
    }

    fn fetcher(private: &str) -> Fetcher {
        let private = vec![private.to_owned()];
        Fetcher::new(Config { private, bytes: 1000, time: Duration::from_millis(800), redirects: 2 }).unwrap()
    }

    #[tokio::test]
    async fn bounded_in_everything() {
        let at = server().await;
        let fetcher = fetcher(&at);
        let fetch = async |path: &str| fetcher.get(&format!("http://{at}{path}")).await;
        assert_eq!(fetch("/logo").await.unwrap().body, "logo");
        assert_eq!(fetch("/to-logo").await.unwrap().body, "logo");
        assert!(matches!(fetch("/large").await, Err(FetchError::TooLarge { most: 1000 })));
        assert!(matches!(fetch("/slow").await, Err(FetchError::TooSlow { .. })));
        assert!(matches!(fetch("/loop").await, Err(FetchError::Redirects { most: 2 })));
        assert!(matches!(fetch("/none").await, Err(FetchError::Status { status: 404 })));
        // The next hop is looked at as the first one: another port of the allowed host is not allowed either.
        assert!(matches!(fetch("/inside").await, Err(FetchError::Private { .. })));
        assert!(matches!(fetch("/metadata").await, Err(FetchError::Private { .. })));
        assert!(matches!(fetch("/file").await, Err(FetchError::Address { .. })));
    }

    #[tokio::test]
    async fn what_has_not_changed_is_not_downloaded_again() {
        let at = server().await;
        let dir = tempfile::tempdir().unwrap();
        let (fetcher, file) = (fetcher(&at), dir.path().join("rows"));
        let load =
            async |path: &str, known: &Validators| fetcher.download(&format!("http://{at}{path}"), known, &file).await;
        let Ok(Download::Written { bytes: 4, validators }) = load("/to-tagged", &Validators::default()).await else {
            panic!("it is not there");
        };
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "rows");
        assert_eq!(load("/tagged", &validators).await.unwrap(), Download::Unchanged);
        let old = Validators { etag: Some("\"v0\"".to_owned()), modified: None };
        assert!(matches!(load("/tagged", &old).await, Ok(Download::Written { .. })));
        assert!(matches!(load("/large", &old).await, Err(FetchError::TooLarge { .. })));
        assert!(matches!(load("/metadata", &old).await, Err(FetchError::Private { .. })));
        assert!(matches!(load("/none", &old).await, Err(FetchError::Status { status: 404 })));
    }

    #[tokio::test]
    async fn something_is_posted() {
        let at = server().await;
        let fetcher = fetcher(&at);
        let post =
            async |path: &str| fetcher.post(&format!("http://{at}{path}"), "text/plain", "hello".to_owned()).await;
        let heard = post("/echo").await.unwrap();
        assert_eq!((heard.status, &*heard.body), (200, b"heard hello".as_slice()));
        assert_eq!(post("/logo").await.unwrap().status, 405, "told, whatever it is");
        assert_eq!(post("/move").await.unwrap().status, 307, "told, not followed");
        assert!(matches!(post("/large-echo").await, Err(FetchError::TooLarge { most: 1000 })));
        for inside in ["http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/"] {
            assert!(matches!(fetcher.check(inside), Err(FetchError::Private { .. })), "{inside}");
            let refused = fetcher.post(inside, "text/plain", String::new()).await;
            assert!(matches!(refused, Err(FetchError::Private { .. })), "{inside}");
        }
        assert!(matches!(fetcher.check("nonsense"), Err(FetchError::Address { .. })));
        assert!(fetcher.check("https://example.com/").is_ok());
    }

    #[tokio::test]
    async fn nothing_of_the_own_network() {
        let at = server().await;
        let port = at.rsplit_once(':').unwrap().1;
        let fetcher = fetcher("assets.internal:80");
        for inside in [
            format!("http://{at}/logo"),
            format!("http://localhost:{port}/logo"),
            format!("http://[::1]:{port}/logo"),
            format!("http://[::ffff:127.0.0.1]:{port}/logo"),
            // The parser of URLs knows all of these as 127.0.0.1.
            format!("http://2130706433:{port}/logo"),
            format!("http://0x7f.1:{port}/logo"),
            format!("http://0177.0.0.1:{port}/logo"),
            "http://169.254.169.254/latest/meta-data".to_owned(),
        ] {
            let refused = fetcher.get(&inside).await;
            assert!(matches!(refused, Err(FetchError::Private { .. })), "{inside}: {refused:?}");
        }
        for bad in ["", "logo.png", "ftp://example.com/a", "http://user:word@example.com/", "//example.com/a"] {
            assert!(matches!(fetcher.get(bad).await, Err(FetchError::Address { .. })), "{bad}");
        }
    }
}
