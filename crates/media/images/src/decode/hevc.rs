//! HEIC by way of ffmpeg, as a process of its own: its tiles go in as one stream of stills, raw pixels come out.
//!
//! The process is bounded in memory, CPU time and wall time, reads no file and no network, and its output is read
//! only as far as the tiles can be long.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::color::Meaning;
use crate::limits::Watch;
use crate::probe::heif::{self, Coded};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

fn broken(reason: impl ToString) -> ImageError {
    ImageError::damaged(Format::Heic, reason)
}

pub(super) fn decode(source: &[u8], watch: &Watch) -> Result<(Raster, Meaning), ImageError> {
    let shown = heif::read(source, Format::Heic)?;
    let picture = &shown.picture;
    let stream = annex_b(source, picture).ok_or_else(|| broken("its stream cannot be taken apart"))?;
    let (tile_width, tile_height) = picture.tile_size();
    let tile_bytes = tile_width as usize * tile_height as usize * 3;
    let wanted = tile_bytes * picture.tiles.len();
    let pixels = run(stream, wanted, watch)?;
    if pixels.len() != wanted {
        return Err(broken("ffmpeg did not decode all of its tiles"));
    }
    let columns = picture.grid.map_or(1, |(columns, _)| columns as usize);
    let mut whole = Raster::filled(picture.width, picture.height, Layout::Rgb, &[0; 3]);
    let stride = whole.stride();
    for (index, tile) in pixels.chunks_exact(tile_bytes).enumerate() {
        let (left, top) = (index % columns * tile_width as usize * 3, index / columns * tile_height as usize);
        if left >= stride {
            continue;
        }
        let length = (tile_width as usize * 3).min(stride - left);
        let rows = whole.data.chunks_exact_mut(stride).skip(top);
        for (to, from) in rows.zip(tile.chunks_exact(tile_width as usize * 3)) {
            to[left..left + length].copy_from_slice(&from[..length]);
        }
    }
    let cicp = shown.cicp.map_or(Meaning::Srgb, |(primaries, transfer, _, _)| Meaning::Cicp(primaries, transfer));
    Ok((whole, shown.profile.map_or(cicp, Meaning::Profile)))
}

/// The tiles as one stream with start codes, each with the parameter sets before it.
fn annex_b(source: &[u8], picture: &Coded) -> Option<Vec<u8>> {
    const START: [u8; 4] = [0, 0, 0, 1];
    let mut config = heif::Bytes(&picture.config);
    config.take(21)?;
    let length_size = usize::from(config.u8()? & 3) + 1;
    let mut sets = Vec::new();
    for _ in 0..config.u8()? {
        config.u8()?;
        for _ in 0..config.u16()? {
            let length = usize::from(config.u16()?);
            sets.extend(START);
            sets.extend_from_slice(config.take(length)?);
        }
    }
    let mut out = Vec::new();
    for index in 0..picture.tiles.len() {
        out.extend_from_slice(&sets);
        let tile = picture.tile(source, index)?;
        let mut units = heif::Bytes(&tile);
        while !units.0.is_empty() {
            let length = usize::try_from(units.uint(length_size)?).ok()?;
            out.extend(START);
            out.extend_from_slice(units.take(length)?);
        }
    }
    Some(out)
}

/// Ends the process when it is not ended otherwise.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(stream: Vec<u8>, wanted: usize, watch: &Watch) -> Result<Vec<u8>, ImageError> {
    let unavailable =
        || ImageError::Unsupported { what: "HEIC without ffmpeg".to_owned(), fix: "install ffmpeg, or give a JPEG" };
    let left = watch.left()?;
    // Four gigabytes of addresses and twice the time that is left; the shell is replaced by ffmpeg.
    let limits = format!("ulimit -v 4194304; ulimit -t {}; exec ffmpeg \"$@\"", left.as_secs() * 2 + 2);
    let arguments = [
        "-v",
        "error",
        "-nostdin",
        "-threads",
        "1",
        "-protocol_whitelist",
        "pipe",
        "-f",
        "hevc",
        "-i",
        "pipe:0",
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-threads",
        "1",
        "pipe:1",
    ];
    let child = Command::new("sh")
        .args(["-c", &limits, "ffmpeg"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|_| unavailable())?;
    let mut ended = Ended(child);
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (ended.0.stdin.take(), ended.0.stdout.take(), ended.0.stderr.take())
    else {
        return Err(unavailable());
    };
    // A reader that has left is seen by the other end of the pipe.
    thread::spawn(move || {
        let _ = stdin.write_all(&stream);
    });
    let (done, result) = mpsc::channel();
    thread::spawn(move || {
        let mut pixels = Vec::new();
        let read = stdout.take(wanted as u64 + 1).read_to_end(&mut pixels);
        let mut said = String::new();
        let _ = stderr.take(512).read_to_string(&mut said);
        let _ = done.send(read.map(|_| (pixels, said)));
    });
    let (pixels, said) = result.recv_timeout(left).map_err(|_| watch.over())?.map_err(broken)?;
    if pixels.len() == wanted {
        return Ok(pixels);
    }
    drop(ended);
    if said.contains("not found") {
        return Err(unavailable());
    }
    Err(broken(said.lines().next().unwrap_or("ffmpeg cannot decode it")))
}

impl Coded {
    /// The size of one tile: the whole, when it is not cut.
    fn tile_size(&self) -> (u32, u32) {
        self.tile_size.unwrap_or((self.width, self.height))
    }
}
