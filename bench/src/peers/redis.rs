//! Redis GEO over a plain socket, pipelined.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use doorstep_geo::Point;

use super::{Running, await_ready, free_port};

const KEY: &str = "drivers";

/// A server of our own and one connection to it.
pub struct Redis {
    server: Running,
    input: BufReader<TcpStream>,
    output: TcpStream,
    request: Vec<u8>,
}

/// One answer of a `GEOSEARCH … WITHDIST`: ids with metres, nearest first.
pub type Neighbours = Vec<(String, f64)>;

impl Redis {
    /// Starts a server without persistence.
    ///
    /// # Errors
    /// Where `redis-server` is missing or does not answer.
    pub fn start(dir: &Path) -> Result<Self> {
        let port = free_port()?;
        let server = Running::start(
            Command::new("redis-server")
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
                .arg("--dir")
                .arg(dir)
                .stdout(Stdio::null()),
        )
        .context("starting redis-server")?;
        let output = await_ready("redis-server", || Ok(TcpStream::connect(("127.0.0.1", port))?))?;
        output.set_nodelay(true)?;
        let input = BufReader::with_capacity(1 << 16, output.try_clone()?);
        Ok(Self { server, input, output, request: Vec::new() })
    }

    /// The server's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Sends one `GEOADD` per report, all in one go, and reads all answers.
    ///
    /// # Errors
    /// Where the server refuses or goes away.
    pub fn update_each(&mut self, reports: &[(&str, Point)]) -> Result<()> {
        self.request.clear();
        for (id, at) in reports {
            let (lon, lat) = (at.lon().to_string(), at.lat().to_string());
            push(&mut self.request, &["GEOADD", KEY, &lon, &lat, id]);
        }
        self.flush()?;
        for _ in reports {
            self.integer()?;
        }
        Ok(())
    }

    /// Sends all reports as one `GEOADD` with many members: the cheapest way there is.
    ///
    /// # Errors
    /// Where the server refuses or goes away.
    pub fn update_together(&mut self, reports: &[(&str, Point)]) -> Result<()> {
        let mut args = vec!["GEOADD".to_owned(), KEY.to_owned()];
        for (id, at) in reports {
            args.extend([at.lon().to_string(), at.lat().to_string(), (*id).to_owned()]);
        }
        self.request.clear();
        push(&mut self.request, &args.iter().map(String::as_str).collect::<Vec<_>>());
        self.flush()?;
        self.integer()
    }

    /// Asks for the `k` nearest within `radius_m` of each point, all in one go.
    ///
    /// # Errors
    /// Where the server refuses or goes away.
    pub fn nearest(&mut self, points: &[Point], k: usize, radius_m: f64) -> Result<Vec<Neighbours>> {
        self.request.clear();
        let (k, radius) = (k.to_string(), radius_m.to_string());
        for at in points {
            let (lon, lat) = (at.lon().to_string(), at.lat().to_string());
            push(
                &mut self.request,
                &["GEOSEARCH", KEY, "FROMLONLAT", &lon, &lat, "BYRADIUS", &radius, "m", "ASC", "COUNT", &k, "WITHDIST"],
            );
        }
        self.flush()?;
        points.iter().map(|_| self.neighbours()).collect()
    }

    /// Seconds the server says its commands of this kind took, without reading and writing sockets.
    ///
    /// # Errors
    /// Where the server goes away.
    pub fn command_seconds(&mut self, command: &str) -> Result<f64> {
        self.request.clear();
        push(&mut self.request, &["INFO", "commandstats"]);
        self.flush()?;
        let length: usize = self.line()?.strip_prefix('$').context("INFO answers a string")?.parse()?;
        let mut text = vec![0; length + 2];
        std::io::Read::read_exact(&mut self.input, &mut text)?;
        let text = String::from_utf8(text)?;
        let line = text.lines().find(|line| line.starts_with(&format!("cmdstat_{command}:")));
        let usec = line.and_then(|line| line.split("usec=").nth(1)).and_then(|rest| rest.split(',').next());
        Ok(usec.map_or(Ok(0.0), str::parse::<f64>)? / 1e6)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(self.output.write_all(&self.request)?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.input.read_line(&mut line)?;
        if line.is_empty() {
            bail!("redis closed the connection");
        }
        if let Some(error) = line.strip_prefix('-') {
            bail!("redis refused: {}", error.trim());
        }
        Ok(line.trim_end().to_owned())
    }

    fn integer(&mut self) -> Result<()> {
        let line = self.line()?;
        if line.starts_with(':') { Ok(()) } else { bail!("redis answered {line} where a number was due") }
    }

    fn neighbours(&mut self) -> Result<Neighbours> {
        let count: usize = self.line()?.strip_prefix('*').context("GEOSEARCH answers a list")?.parse()?;
        let mut found = Vec::with_capacity(count);
        for _ in 0..count {
            // *2, $length, id, $length, metres
            self.line()?;
            self.line()?;
            let id = self.line()?;
            self.line()?;
            found.push((id, self.line()?.parse()?));
        }
        Ok(found)
    }
}

fn push(request: &mut Vec<u8>, args: &[&str]) {
    // Writing into a Vec cannot fail.
    let _ = write!(request, "*{}\r\n", args.len());
    for arg in args {
        let _ = write!(request, "${}\r\n{arg}\r\n", arg.len());
    }
}
