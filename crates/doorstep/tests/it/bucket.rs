//! A bucket as a client of S3 sees it: addresses signed in their query (SigV4), nothing else.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, RequestBuilder};
use sha2::{Digest as _, Sha256};

use crate::support::{Answer, Client};

/// One bucket, and a key that may do everything with it.
pub(crate) struct Bucket {
    pub(crate) base: String,
    pub(crate) name: String,
    access: String,
    secret: String,
    http: reqwest::Client,
}

/// An answer with its bytes.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Width, height and media type of a picture.
    #[track_caller]
    pub(crate) fn picture(&self) -> (u32, u32, &str) {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let header = doorstep_images::probe(&self.body).unwrap();
        assert_eq!(header.format.media_type(), self.header("content-type"));
        (header.width, header.height, self.header("content-type"))
    }

    /// The refusal's status, code and argument.
    #[track_caller]
    pub(crate) fn refused(&self) -> (u16, String, String) {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let of = |name: &str| {
            let rest = text.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
            rest.split_once("</").map_or("", |(value, _)| value).to_owned()
        };
        assert!(!of("Code").is_empty(), "{} {text}", self.status);
        (self.status, of("Code"), of("ArgumentName"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn escape(text: &str, keep_slash: bool) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b'/' if keep_slash => out.push('/'),
            _ => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

impl Bucket {
    /// One that is there.
    pub(crate) fn known(objects: std::net::SocketAddr, owner: &Client, name: &str) -> Self {
        let (access, secret) = owner.key.split_once(':').unwrap();
        Self {
            base: format!("http://{objects}"),
            name: name.to_owned(),
            access: access.to_owned(),
            secret: secret.to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// Makes the bucket.
    pub(crate) async fn make(objects: std::net::SocketAddr, owner: &Client, name: &str) -> Self {
        let bucket = Self::known(objects, owner, name);
        let made = bucket.http.put(bucket.signed("PUT", "", "")).send().await.unwrap();
        assert_eq!(made.status(), 200);
        bucket
    }

    /// Lets everybody read keys that begin so.
    pub(crate) async fn open(&self, prefix: &str) {
        let policy = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{}/{prefix}*"}}]}}"#,
            self.name
        );
        let put = self.http.put(self.signed("PUT", "", "policy=")).body(policy).send().await.unwrap();
        assert!(put.status().is_success(), "{}", put.text().await.unwrap());
        // What a process knows of a bucket may be a second old; this one has changed it itself.
    }

    /// An address that is good for a minute; the query is signed with it.
    pub(crate) fn signed(&self, method: &str, key: &str, query: &str) -> String {
        let now = doorstep_clock::Clock::now(&doorstep_clock::SystemClock).to_string();
        let plain: String = now.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let (date, time) = (&plain[..8], format!("{}Z", &plain[..15]));
        let scope = format!("{date}/us-east-1/s3/aws4_request");
        let path = format!("/{}/{}", self.name, escape(key, true));
        let path = path.trim_end_matches('/').to_owned();
        let mut pairs: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (escape(name, false), escape(value, false)))
            .collect();
        for (name, value) in [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", format!("{}/{scope}", self.access)),
            ("X-Amz-Date", time.clone()),
            ("X-Amz-Expires", "60".to_owned()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ] {
            pairs.push((name.to_owned(), escape(&value, false)));
        }
        let joined = |pairs: &[(String, String)]| {
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        let as_sent = joined(&pairs);
        pairs.sort();
        let host = self.base.trim_start_matches("http://");
        let canonical = format!("{method}\n{path}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD", joined(&pairs));
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
        let steps = [date, "us-east-1", "s3", "aws4_request"];
        let key = steps.iter().fold(format!("AWS4{}", self.secret).into_bytes(), |key, part| mac(&key, part));
        format!("{}{path}?{as_sent}&X-Amz-Signature={}", self.base, hex(&mac(&key, &to_sign)))
    }

    /// An address without a signature.
    pub(crate) fn plain(&self, rest: &str) -> String {
        format!("{}/{}/{rest}", self.base, self.name)
    }

    pub(crate) async fn put(&self, key: &str, body: &[u8], kind: &str) {
        let request = self.http.put(self.signed("PUT", key, "")).header("content-type", kind).body(body.to_vec());
        let put = request.send().await.unwrap();
        assert_eq!(put.status(), 200, "{}", put.text().await.unwrap());
    }

    pub(crate) async fn get(&self, url: &str) -> Got {
        self.send(self.http.get(url)).await
    }

    pub(crate) async fn get_with(&self, url: &str, name: &str, value: &str) -> Got {
        self.send(self.http.get(url).header(name, value)).await
    }

    pub(crate) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Got {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }
}

/// Replaces what the API keeps at `path`.
pub(crate) async fn put_json(client: &Client, path: &str, body: serde_json::Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(&body).send().await.unwrap()).await
}
