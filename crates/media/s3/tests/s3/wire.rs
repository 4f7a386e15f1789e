//! Requests written by hand: SigV4 in headers and in chunks, so that each of its words can be right or wrong.

use std::fmt::Write as _;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use doorstep_clock::{Clock as _, SystemClock};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::Running;

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// An answer: status, code of its XML, all of its text.
pub(crate) type Answer = (u16, String, String);

/// Signs as one key at one moment.
pub(crate) struct Signer<'a> {
    running: &'a Running,
    time: String,
}

/// A signed request, not sent yet.
pub(crate) struct Signed {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) signature: String,
}

impl<'a> Signer<'a> {
    pub(crate) fn new(running: &'a Running) -> Self {
        Self::at(running, 0)
    }

    /// By a clock that is wrong by so much.
    pub(crate) fn at(running: &'a Running, skew_s: i64) -> Self {
        let now = SystemClock.now().plus_ms(skew_s * 1000).to_string();
        let plain: String = now.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        Self { running, time: format!("{}Z", &plain[..15]) }
    }

    fn scope(&self) -> String {
        format!("{}/us-east-1/s3/aws4_request", &self.time[..8])
    }

    fn key(&self) -> Vec<u8> {
        let steps = [&self.time[..8], "us-east-1", "s3", "aws4_request"];
        steps.iter().fold(format!("AWS4{}", self.running.secret).into_bytes(), |key, part| mac(&key, part))
    }

    /// `path` is plain, with at most one word behind `?`; `payload` is what stands in `x-amz-content-sha256`.
    pub(crate) fn sign(&self, method: &str, path: &str, payload: &str, more: &[(&str, &str)]) -> Signed {
        let host = self.running.url.trim_start_matches("http://");
        let own = [("host", host), ("x-amz-content-sha256", payload), ("x-amz-date", self.time.as_str())];
        let mut headers: Vec<(String, String)> =
            own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        headers.sort();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
        let (path, query) =
            path.split_once('?').map_or((path, String::new()), |(path, word)| (path, format!("{word}=")));
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}");
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{}\n{}", self.time, self.scope(), sha256(canonical.as_bytes()));
        let signature = hex(&mac(&self.key(), &to_sign));
        let (access, scope) = (&self.running.access, self.scope());
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}");
        headers.retain(|(name, _)| name != "host");
        headers.push(("authorization".to_owned(), authorization));
        Signed { headers, signature }
    }

    fn chunk(&self, before: &str, data: &[u8]) -> String {
        let words = ["AWS4-HMAC-SHA256-PAYLOAD", &self.time, &self.scope(), before, EMPTY, &sha256(data)].join("\n");
        hex(&mac(&self.key(), &words))
    }

    fn trailer(&self, before: &str, lines: &str) -> String {
        let words = ["AWS4-HMAC-SHA256-TRAILER", &self.time, &self.scope(), before, &sha256(lines.as_bytes())];
        hex(&mac(&self.key(), &words.join("\n")))
    }

    /// The fields that make a form good for these conditions and until then, without the key and the file.
    pub(crate) fn form(&self, until: &str, conditions: &str) -> Vec<(String, String)> {
        let credential = format!("{}/{}", self.running.access, self.scope());
        let own =
            [("algorithm", "AWS4-HMAC-SHA256"), ("credential", credential.as_str()), ("date", self.time.as_str())];
        let named: String = own.iter().map(|(name, value)| format!(r#",{{"x-amz-{name}":"{value}"}}"#)).collect();
        let policy = format!(r#"{{"expiration":"{until}","conditions":[{conditions}{named}]}}"#);
        let policy = BASE64_STANDARD.encode(policy);
        let signature = hex(&mac(&self.key(), &policy));
        let mut fields: Vec<(String, String)> =
            own.iter().map(|(name, value)| (format!("X-Amz-{name}"), (*value).to_owned())).collect();
        fields.extend([("Policy".to_owned(), policy), ("X-Amz-Signature".to_owned(), signature)]);
        fields
    }

    /// Sends a signed request.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        signed: Signed,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.running.url));
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        answer(request.body(body).send().await.unwrap()).await
    }

    /// A whole body in one piece.
    pub(crate) async fn put(&self, path: &str, body: &'static [u8], more: &[(&str, &str)]) -> Answer {
        let signed = self.sign("PUT", path, &sha256(body), more);
        self.send("PUT", path, signed, body).await
    }
}

pub(crate) async fn answer(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (status, code.map(|(code, _)| code.to_owned()).unwrap_or_default(), text)
}

/// An upload in signed or unsigned chunks.
#[derive(Clone)]
pub(crate) struct Chunked {
    pub(crate) chunks: Vec<&'static [u8]>,
    /// Name and value of what comes behind the bytes; announced by its name.
    pub(crate) trailer: Option<(&'static str, &'static str)>,
    /// Whether the chunks carry signatures.
    pub(crate) signed: bool,
    /// The length that is announced, if not the right one.
    pub(crate) decoded: Option<usize>,
    /// The number of the chunk whose signature is another's.
    pub(crate) forged: Option<usize>,
    /// The trailer's signature is another's.
    pub(crate) forged_trailer: bool,
    /// The announced trailer does not come.
    pub(crate) silent: bool,
    /// The last, empty chunk and all behind it do not come.
    pub(crate) cut: bool,
}

impl Chunked {
    pub(crate) fn of(chunks: &[&'static [u8]]) -> Self {
        Self {
            chunks: chunks.to_vec(),
            trailer: None,
            signed: true,
            decoded: None,
            forged: None,
            forged_trailer: false,
            silent: false,
            cut: false,
        }
    }

    pub(crate) fn trailing(mut self, name: &'static str, value: &'static str) -> Self {
        self.trailer = Some((name, value));
        self
    }

    pub(crate) fn unsigned(mut self) -> Self {
        self.signed = false;
        self
    }

    fn payload(&self) -> &'static str {
        match (self.signed, self.trailer.is_some()) {
            (true, false) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            (true, true) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            (false, _) => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }

    pub(crate) async fn put(self, running: &Running, path: &str) -> Answer {
        let signer = Signer::new(running);
        let len = self.decoded.unwrap_or_else(|| self.chunks.iter().map(|chunk| chunk.len()).sum()).to_string();
        let mut more = vec![("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", len.as_str())];
        more.extend(self.trailer.map(|(name, _)| ("x-amz-trailer", name)));
        let seed = signer.sign("PUT", path, self.payload(), &more);
        let (mut before, mut body) = (seed.signature.clone(), Vec::new());
        let last: &[u8] = b"";
        let chunks = self.chunks.iter().copied().chain((!self.cut).then_some(last));
        for (n, chunk) in chunks.enumerate() {
            if self.signed {
                let signed = if self.forged == Some(n) { b"other bytes" } else { chunk };
                before = signer.chunk(&before, signed);
                body.extend(format!("{:x};chunk-signature={before}\r\n", chunk.len()).bytes());
            } else {
                body.extend(format!("{:x}\r\n", chunk.len()).bytes());
            }
            body.extend_from_slice(chunk);
            if !chunk.is_empty() || self.trailer.is_none() || self.silent {
                body.extend(b"\r\n");
            }
        }
        if let (Some((name, value)), false, false) = (self.trailer, self.silent, self.cut) {
            body.extend(format!("{name}:{value}\r\n").bytes());
            if self.signed {
                let told = if self.forged_trailer { "AAAAAA==" } else { value };
                let signature = signer.trailer(&before, &format!("{name}:{told}\n"));
                body.extend(format!("x-amz-trailer-signature:{signature}\r\n").bytes());
            }
            body.extend(b"\r\n");
        }
        signer.send("PUT", path, seed, body).await
    }
}
