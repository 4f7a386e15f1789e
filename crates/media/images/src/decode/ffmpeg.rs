//! Coded pictures by way of ffmpeg, as a process of its own: tiles go in as one stream of stills, raw pixels come out.
//!
//! The process is bounded in memory, CPU time and wall time, reads no file and no network, and its output is read
//! only as far as the tiles can be long. Whatever a crafted stream does to it, it does to nobody else.

use std::io::{self, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use doorstep_clock::charge_process;

use crate::limits::Watch;
use crate::probe::heif::{Coded, Shown};
use crate::raster::{Layout, Raster};
use crate::{Format, ImageError};

/// Pixels by which a tile may be larger than the whole, where it sticks out.
const TILE_MARGIN: u32 = 1024;

/// What goes in.
pub(super) struct Stream {
    pub(super) format: Format,
    /// ffmpeg's name of the stream's form.
    pub(super) demuxer: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Stream {
    fn broken(&self, reason: impl ToString) -> ImageError {
        ImageError::damaged(self.format, reason)
    }
}

/// Decodes all tiles of a picture and lays them side by side; what sticks out at the right and the bottom is cut off.
pub(super) fn decode(
    stream: Stream,
    picture: &Coded,
    shown: &Shown,
    layout: Layout,
    watch: &Watch,
) -> Result<Raster, ImageError> {
    let (tile_width, tile_height) = picture.tile_size.unwrap_or((picture.width, picture.height));
    if tile_width.saturating_sub(picture.width) > TILE_MARGIN
        || tile_height.saturating_sub(picture.height) > TILE_MARGIN
    {
        return Err(stream.broken("its tiles are larger than the picture"));
    }
    let bytes = layout.bytes();
    let tile_stride = tile_width as usize * bytes;
    let tile_bytes = tile_stride * tile_height as usize;
    let wanted = tile_bytes * picture.tiles.len();
    let arguments = arguments(&stream, u64::from(tile_width) * u64::from(tile_height), shown, layout);
    let pixels = run(stream, &arguments, wanted, watch)?;
    let columns = picture.grid.map_or(1, |(columns, _)| columns as usize);
    let mut whole = Raster::filled(picture.width, picture.height, layout, &[0; 4][..bytes]);
    let stride = whole.stride();
    for (index, tile) in pixels.chunks_exact(tile_bytes).enumerate() {
        let (left, top) = (index % columns * tile_stride, index / columns * tile_height as usize);
        if left >= stride {
            continue;
        }
        let length = tile_stride.min(stride - left);
        let rows = whole.data.chunks_exact_mut(stride).skip(top);
        for (to, from) in rows.zip(tile.chunks_exact(tile_stride)) {
            to[left..left + length].copy_from_slice(&from[..length]);
        }
    }
    Ok(whole)
}

/// ffmpeg's name of a matrix of ITU-T H.273.
const fn matrix_name(matrix: u8) -> Option<&'static str> {
    Some(match matrix {
        1 => "bt709",
        4 => "fcc",
        5 => "bt470bg",
        6 => "smpte170m",
        7 => "smpte240m",
        9 => "bt2020nc",
        _ => return None,
    })
}

fn arguments(stream: &Stream, pixels: u64, shown: &Shown, layout: Layout) -> Vec<String> {
    // What the container says of the colours goes before what the stream says.
    let container = match (layout, shown.cicp) {
        (Layout::Rgb, Some((_, _, matrix, full))) => matrix_name(matrix).map(|name| {
            let range = if full { "pc" } else { "tv" };
            format!("setparams=range={range}:colorspace={name},")
        }),
        _ => None,
    };
    let filter =
        format!("{}scale=out_range=pc:flags=bicubic+accurate_rnd+full_chroma_int", container.unwrap_or_default());
    let pixel = if layout == Layout::Gray { "gray" } else { "rgb24" };
    let pixels = pixels.to_string();
    let input = ["-v", "error", "-nostdin", "-protocol_whitelist", "pipe", "-threads", "1", "-max_pixels", &pixels];
    let source = ["-f", stream.demuxer, "-i", "pipe:0", "-vf", &filter];
    let output = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixel, "-threads", "1", "pipe:1"];
    input.iter().chain(&source).chain(&output).map(|&word| word.to_owned()).collect()
}

/// Ends the process when it is not ended otherwise.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        // What it took belongs to the picture that it worked on.
        charge_process(self.0.id());
        let _ = self.0.wait();
    }
}

/// The first words of a stream, which is read to its end so that nobody waits for its reader.
fn first_words(mut from: impl Read) -> String {
    let mut said = Vec::new();
    let _ = from.by_ref().take(512).read_to_end(&mut said);
    let _ = io::copy(&mut from, &mut io::sink());
    String::from_utf8_lossy(&said).into_owned()
}

/// Exactly the bytes that are wanted.
fn run(stream: Stream, arguments: &[String], wanted: usize, watch: &Watch) -> Result<Vec<u8>, ImageError> {
    let format = stream.format;
    let unavailable = || ImageError::Unsupported {
        what: format!("{} without ffmpeg", format.as_str().to_ascii_uppercase()),
        fix: "install ffmpeg, or give a JPEG",
    };
    let broken = |reason: &dyn ToString| ImageError::damaged(format, reason.to_string());
    let left = watch.left()?;
    // Four gigabytes of addresses and twice the time that is left; the shell is replaced by ffmpeg.
    let limits = format!("ulimit -v 4194304; ulimit -t {}; exec ffmpeg \"$@\"", left.as_secs() * 2 + 2);
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
        let _ = stdin.write_all(&stream.bytes);
    });
    let (done, result) = mpsc::channel();
    let words = thread::spawn(move || first_words(stderr));
    thread::spawn(move || {
        let mut pixels = Vec::new();
        let read = stdout.take(wanted as u64 + 1).read_to_end(&mut pixels);
        let _ = done.send(read.map(|_| pixels));
    });
    let pixels = result.recv_timeout(left).map_err(|_| watch.over())?.map_err(|error| broken(&error))?;
    if pixels.len() == wanted {
        return Ok(pixels);
    }
    drop(ended);
    let said = words.join().unwrap_or_default();
    if said.contains("ffmpeg: not found") {
        return Err(unavailable());
    }
    Err(broken(&said.lines().next().unwrap_or("its tiles are not of the size that it says")))
}
