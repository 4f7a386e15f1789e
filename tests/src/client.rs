//! A client of the public API, with nothing but HTTP.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

/// An access key's view of a node.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    bearer: String,
}

/// An answer: status and body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON, or null when the body is none.
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// The whole answer when it is no success.
    pub fn ok(self) -> anyhow::Result<Value> {
        ensure!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        Ok(self.body)
    }
}

impl Client {
    /// A client of `base` (`http://host:port`).
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base: &str, access: &str, secret: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build()?;
        Ok(Self { http, base: base.to_owned(), bearer: format!("{access}:{secret}") })
    }

    /// The same node with another access key.
    #[must_use]
    pub fn with_key(&self, access: &str, secret: &str) -> Self {
        Self { bearer: format!("{access}:{secret}"), ..self.clone() }
    }

    /// Any call. `key` is the Idempotency-Key.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.bearer);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    /// GET.
    ///
    /// # Errors
    /// When no good answer comes.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None, None).await?.ok().with_context(|| format!("GET {path}"))
    }

    /// POST.
    ///
    /// # Errors
    /// When no good answer comes.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, None, Some(&body)).await?.ok().with_context(|| format!("POST {path}"))
    }

    /// All items of the list at `path`, page by page.
    ///
    /// # Errors
    /// When no good answer comes.
    pub async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(&format!("{path}{joint}limit=200{cursor}")).await?;
            items.extend(page["items"].as_array().context("items")?.iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// A quote's token between two places.
    ///
    /// # Errors
    /// When no good answer comes.
    pub async fn quote(&self, city: &str, from: (f64, f64), to: (f64, f64)) -> anyhow::Result<String> {
        let place = |(lat, lon): (f64, f64)| json!({"lat": lat, "lon": lon});
        let quote = self
            .post(
                &format!("/v1/cities/{city}/quotes"),
                json!({"pickup": place(from), "dropoff": place(to), "seats": 1}),
            )
            .await?;
        Ok(quote["token"].as_str().context("token")?.to_owned())
    }
}
