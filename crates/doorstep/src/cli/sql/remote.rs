//! A running Doorstep, over its API.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::source::pointed;

/// Where it is and with which key.
pub(super) struct Remote {
    client: Client,
    base: String,
    key: String,
    database: Option<String>,
    speed: Option<String>,
}

impl Remote {
    pub(super) fn new(
        server: &str,
        key: Option<&str>,
        database: Option<String>,
        speed: Option<String>,
    ) -> anyhow::Result<Self> {
        let key = key.context("a server wants a key: --key access:secret, or DOORSTEP_KEY")?;
        let base = server.trim_end_matches('/').to_owned();
        Ok(Self { client: Client::new(), base, key: key.to_owned(), database, speed })
    }

    async fn ask(&self, body: Value, accept: &str, statement: &str) -> anyhow::Result<Response> {
        let mut body = body;
        body["statement"] = json!(statement);
        if let Some(database) = &self.database {
            body["database"] = json!(database);
        }
        if let Some(speed) = &self.speed {
            body["speed"] = json!(speed);
        }
        let request = self.client.post(format!("{}/v1/sql", self.base)).header("accept", accept).json(&body);
        let response = self.sent(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let problem: Value = response.json().await.unwrap_or_default();
        let mut told = problem["detail"].as_str().unwrap_or("the server refused without a reason").to_owned();
        if let Some(fix) = problem["errors"][0]["fix"].as_str().filter(|fix| !told.ends_with(fix)) {
            told = format!("{told}; {fix}");
        }
        match (problem["line"].as_u64(), problem["column"].as_u64()) {
            (Some(line), Some(column)) => bail!("{}", pointed(&told, statement, line, column)),
            _ => bail!("{told}"),
        }
    }

    async fn sent(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Response> {
        let request = request.header("authorization", format!("Bearer {}", self.key));
        request.send().await.with_context(|| format!("cannot reach {}", self.base))
    }

    pub(super) async fn object(&self, statement: &str, max_rows: usize) -> anyhow::Result<Value> {
        let response = self.ask(json!({"max_rows": max_rows}), "application/json", statement).await?;
        Ok(response.json().await?)
    }

    pub(super) async fn stream(&self, statement: &str, as_json: bool, stats: bool) -> anyhow::Result<()> {
        let accept = if as_json { "application/x-ndjson" } else { "text/csv" };
        let mut response = self.ask(json!({"statistics": stats}), accept, statement).await?;
        let mut last = Vec::new();
        {
            let mut out = std::io::stdout().lock();
            while let Some(bytes) = response.chunk().await.context("the answer broke off")? {
                out.write_all(&bytes).context("cannot write to standard output")?;
                last = bytes.to_vec();
            }
        }
        let failed = last.rsplit(|b| *b == b'\n').find(|line| !line.is_empty());
        if as_json && failed.is_some_and(|line| line.starts_with(b"{\"error\":{\"code\":")) {
            bail!("the query failed in the middle of its rows");
        }
        Ok(())
    }

    pub(super) async fn tables(&self) -> anyhow::Result<Value> {
        let response = self.sent(self.client.get(format!("{}/v1/sql/tables", self.base))).await?;
        Ok(response.error_for_status()?.json().await?)
    }

    /// How far the newest query of this key is, 0 to 1.
    pub(super) async fn progress(&self) -> Option<f64> {
        let request = self.client.get(format!("{}/v1/sql/queries", self.base));
        let all: Value = self.sent(request).await.ok()?.json().await.ok()?;
        all.as_array()?.last()?["progress"].as_f64()
    }
}
