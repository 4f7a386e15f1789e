//! A small HTTP/1.1 and WebSocket client on plain sockets, so that the load costs little beside the
//! server it shares two cores with.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How long an answer may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the server is, and the key to it.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) address: String,
    /// `<access>:<secret>`.
    pub(crate) bearer: String,
}

/// One connection kept alive.
pub(crate) struct Http {
    door: Door,
    input: BufReader<TcpStream>,
    output: TcpStream,
    request: Vec<u8>,
}

impl Http {
    pub(crate) fn connect(door: &Door) -> Result<Self> {
        let output = TcpStream::connect(&door.address).with_context(|| format!("connecting to {}", door.address))?;
        output.set_nodelay(true)?;
        output.set_read_timeout(Some(PATIENCE))?;
        let input = BufReader::new(output.try_clone()?);
        Ok(Self { door: door.clone(), input, output, request: Vec::new() })
    }

    /// Sends a request and reads its answer: status and body. `once` is the Idempotency-Key.
    pub(crate) fn post(&mut self, path: &str, kind: &str, once: Option<&str>, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.request.clear();
        let Door { address, bearer } = &self.door;
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {bearer}\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n",
            body.len()
        )?;
        if let Some(once) = once {
            write!(self.request, "Idempotency-Key: {once}\r\n")?;
        }
        self.request.extend_from_slice(b"\r\n");
        self.request.extend_from_slice(body);
        self.output.write_all(&self.request)?;
        self.answer()
    }

    /// The JSON of a successful POST.
    pub(crate) fn json(&mut self, path: &str, body: &serde_json::Value) -> Result<serde_json::Value> {
        let (status, answer) = self.post(path, "application/json", None, body.to_string().as_bytes())?;
        ensure!((200..300).contains(&status), "{path}: {status} {}", String::from_utf8_lossy(&answer));
        Ok(serde_json::from_slice(&answer)?)
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>)> {
        let (status, length) = head(&mut self.input)?;
        let mut body = vec![0; length.context("an answer without Content-Length")?];
        self.input.read_exact(&mut body)?;
        Ok((status, body))
    }
}

/// Reads an answer's head: its status and the length of its body.
fn head(input: &mut BufReader<TcpStream>) -> Result<(u16, Option<usize>)> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let status = line.split_whitespace().nth(1).with_context(|| format!("no HTTP answer: {line:?}"))?.parse()?;
    let mut length = None;
    loop {
        line.clear();
        input.read_line(&mut line)?;
        if line.trim_end().is_empty() {
            return Ok((status, length));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse()?);
        }
    }
}

/// A WebSocket that sends text and reads text.
pub(crate) struct Socket {
    input: BufReader<TcpStream>,
    output: TcpStream,
    frame: Vec<u8>,
}

impl Socket {
    pub(crate) fn connect(door: &Door, path: &str) -> Result<Self> {
        let Http { door, mut input, mut output, .. } = Http::connect(door)?;
        write!(
            output,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            door.address, door.bearer
        )?;
        let (status, _) = head(&mut input)?;
        ensure!(status == 101, "the server answered the WebSocket with {status}");
        Ok(Self { input, output, frame: Vec::new() })
    }

    /// Sends one text frame. A client has to mask; with a mask of zeros the text stays as it is.
    pub(crate) fn send(&mut self, text: &[u8]) -> Result<()> {
        const MASKED: u8 = 0x80;
        self.frame.clear();
        self.frame.push(0x81);
        match text.len() {
            short @ 0..126 => self.frame.push(MASKED | short as u8),
            middle @ 126..=0xffff => {
                self.frame.push(MASKED | 126);
                self.frame.extend_from_slice(&(middle as u16).to_be_bytes());
            }
            long => {
                self.frame.push(MASKED | 127);
                self.frame.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        self.frame.extend_from_slice(&[0; 4]);
        self.frame.extend_from_slice(text);
        Ok(self.output.write_all(&self.frame)?)
    }

    /// The next text frame; pings are passed over, since whoever keeps sending is alive.
    pub(crate) fn receive(&mut self) -> Result<Vec<u8>> {
        loop {
            let mut head = [0; 2];
            self.input.read_exact(&mut head)?;
            let length = match head[1] & 0x7f {
                126 => {
                    let mut bytes = [0; 2];
                    self.input.read_exact(&mut bytes)?;
                    u64::from(u16::from_be_bytes(bytes))
                }
                127 => {
                    let mut bytes = [0; 8];
                    self.input.read_exact(&mut bytes)?;
                    u64::from_be_bytes(bytes)
                }
                short => u64::from(short),
            };
            let mut text = vec![0; usize::try_from(length)?];
            self.input.read_exact(&mut text)?;
            match head[0] & 0x0f {
                1 => return Ok(text),
                9 | 10 => {}
                8 => bail!(
                    "the server closed the socket: {}",
                    String::from_utf8_lossy(text.get(2..).unwrap_or_default())
                ),
                other => bail!("the server sent a frame of kind {other}"),
            }
        }
    }
}
