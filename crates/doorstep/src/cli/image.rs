//! `doorstep image`: a pipeline over pictures in files.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, bail};
use clap::CommandFactory as _;
use doorstep_clock::thread_cpu;
use doorstep_images::grammar;
use doorstep_images::pipeline::{Deliver, Target};
use doorstep_images::{Format, Limits, Output as Done, Pipeline, probe, process};
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::output::{Output, line, note};

const EXAMPLE: &str = "\
Examples:
  doorstep image 'iopcmd=thumbnail&type=4&width=512|iopcmd=rotate&degree=90' photo.jpg -o out --json
  doorstep image 'image/resize,m_fill,w_300,h_300/format,webp' shop/*.jpg -o thumbs
  doorstep image '/_/rs:fit:800:0/q:70/plain/_@avif' photo.jpg -o photo.avif
  doorstep image 'iopcmd=imageinfo' photo.heic
  doorstep image 'iopcmd=readmark' stolen.jpg

PIPELINE is UFile's iopcmd, Alibaba's x-oss-process, or an imgproxy path (its signature and source are not looked at).
A watermark's picture is a file, named in Base64 as in a URL. OUT is a directory, or a file name for one picture.
A picture that fails does not stop the others; the exit code is 1 then. --json prints one object a line as each is done.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// What to do with each picture
    #[arg(value_name = "PIPELINE", value_parser = grammar::parse)]
    pipeline: Pipeline,
    /// Pictures
    #[arg(value_name = "IN", required = true)]
    inputs: Vec<PathBuf>,
    /// Directory for the results, made if need be; or a file name when there is one picture
    #[arg(short, long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// Pictures worked on at a time [default: the processors]
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// An Accept header, for pipelines that leave the format to the client (dst=auto)
    #[arg(long, value_name = "TYPES", default_value = "")]
    accept: String,
    /// Seconds that one picture may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    #[command(flatten)]
    output: Output,
}

/// Where results go.
enum Place {
    Nowhere,
    File(PathBuf),
    Directory(PathBuf),
}

impl Place {
    fn of(args: &Args) -> anyhow::Result<Self> {
        let Some(out) = &args.out else { return Ok(Self::Nowhere) };
        let names_a_picture = out.extension().and_then(|e| e.to_str()).and_then(Format::parse).is_some();
        if args.inputs.len() == 1 && names_a_picture && !out.is_dir() {
            return Ok(Self::File(out.clone()));
        }
        std::fs::create_dir_all(out).with_context(|| format!("cannot make the directory {}", out.display()))?;
        Ok(Self::Directory(out.clone()))
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.out.is_none() && matches!(args.pipeline.deliver, Deliver::Picture(_)) {
        let message = "the pipeline makes pictures: say where they go with -o OUT";
        super::Cli::command().error(clap::error::ErrorKind::MissingRequiredArgument, message).exit();
    }
    let place = Place::of(args)?;
    let names = names(&args.inputs);
    let bar = ProgressBar::new(args.inputs.len() as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} pictures")?);
    let (next, failed, printing) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(()));
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = args.jobs.map_or(processors, std::num::NonZero::get).min(args.inputs.len());
    let work = || -> anyhow::Result<()> {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = args.inputs.get(index) else { return Ok(()) };
            let outcome = one(args, input, &names[index], &place);
            let _one_at_a_time = printing.lock();
            bar.suspend(|| match &outcome {
                Ok(value) => args.output.print(value, || text(value)),
                Err(error) => {
                    failed.fetch_add(1, Ordering::Relaxed);
                    note(&format!("{}: {error:#}", input.display()));
                    let code = error.downcast_ref::<doorstep_images::ImageError>().map_or("io", |e| e.code());
                    let value = json!({"input": input, "error": format!("{error:#}"), "code": code});
                    if args.output.json { line(&value.to_string()) } else { Ok(()) }
                }
            })?;
            bar.inc(1);
        }
    };
    let ended: anyhow::Result<Vec<()>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let joined = running.into_iter().map(|worker| worker.join());
        joined.map(|end| end.unwrap_or_else(|_| bail!("a worker gave up"))).collect()
    });
    bar.finish_and_clear();
    ended?;
    match failed.into_inner() {
        0 => Ok(()),
        count => bail!("{count} of {} pictures failed", args.inputs.len()),
    }
}

/// The stems of the results: the inputs' own, with a number behind where two are the same.
fn names(inputs: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(inputs.len());
    let mut used = std::collections::HashSet::new();
    for input in inputs {
        let stem = input.file_stem().map_or_else(|| "picture".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let free = |name: &String| !used.contains(name);
        let numbered = (2..).map(|number| format!("{stem}-{number}"));
        let name = std::iter::once(stem.clone()).chain(numbered).find(free).unwrap_or(stem.clone());
        used.insert(name.clone());
        names.push(name);
    }
    names
}

fn one(args: &Args, input: &Path, name: &str, place: &Place) -> anyhow::Result<Value> {
    let before = thread_cpu();
    let limits = Limits { time: std::time::Duration::from_secs(args.timeout), ..Limits::default() };
    let source = read(input, limits.source_bytes)?;
    let mut pipeline = args.pipeline.clone();
    if let (Place::File(path), Deliver::Picture(encoding)) = (place, &mut pipeline.deliver)
        && encoding.target == Target::Source
        && let Some(format) = path.extension().and_then(|e| e.to_str()).and_then(Format::parse)
        && format.is_written()
    {
        encoding.target = Target::Format(format);
    }
    if let Deliver::Picture(encoding) = &pipeline.deliver
        && encoding.target == Target::Accepted
    {
        pipeline = pipeline.for_client(&args.accept, &probe(&source)?);
    }
    let fetch = |file: &str| read(Path::new(file), limits.source_bytes).map_err(|error| format!("{error:#}"));
    let done = process(&source, &pipeline, &limits, &fetch)?;
    let path = match place {
        Place::Nowhere => None,
        Place::File(path) => Some(path.clone()),
        Place::Directory(directory) => {
            Some(directory.join(format!("{name}.{}", done.format.map_or("json", Format::extension))))
        }
    };
    if let Some(path) = &path {
        write(path, &done.body)?;
    }
    let cpu = before.zip(thread_cpu()).map(|(before, after)| after.saturating_sub(before));
    let cpu_ms = cpu.map(|cpu| (cpu.as_secs_f64() * 1e4).round() / 10.0);
    Ok(value(input, path.as_deref(), &done, cpu_ms))
}

fn value(input: &Path, path: Option<&Path>, done: &Done, cpu_ms: Option<f64>) -> Value {
    let mut value = json!({
        "input": input,
        "output": path,
        "width": done.width,
        "height": done.height,
        "format": done.format.map_or("json", Format::as_str),
        "bytes": done.body.len(),
        "cpu_ms": cpu_ms,
        "frames": done.frames,
    });
    if done.format.is_none()
        && let Ok(answer) = serde_json::from_slice::<Value>(&done.body)
    {
        value["answer"] = answer;
    }
    value
}

fn text(value: &Value) -> String {
    if let Some(answer) = value.get("answer") {
        return answer.to_string();
    }
    let word = |name: &str| value[name].as_str().unwrap_or("-").to_owned();
    let cpu = value["cpu_ms"].as_f64().map_or_else(String::new, |ms| format!(", {ms:.1} ms"));
    let (width, height, bytes) = (&value["width"], &value["height"], &value["bytes"]);
    format!("{} → {}: {width}×{height} {}, {bytes} bytes{cpu}", word("input"), word("output"), word("format"))
}

/// Reads a file, but no more than a source may have.
fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let wrote = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    if wrote.is_err() {
        // What is left of it is of no use.
        let _ = std::fs::remove_file(&part);
    }
    wrote.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_grammar_is_known_by_its_beginning() {
        let width = |text: &str| grammar::parse(text).unwrap().to_string();
        let expected = "iopcmd=thumbnail&type=4&width=9&enlarge=0";
        assert_eq!(width("image/resize,w_9"), expected);
        assert_eq!(width("x-oss-process=image/resize,w_9"), expected);
        assert_eq!(width("/_/w:9/plain/_"), expected);
        assert_eq!(width(expected), expected);
        assert!(grammar::parse("rotate 90").is_err());
    }

    #[test]
    fn results_do_not_overwrite_each_other() {
        let inputs = ["a/x.jpg", "b/x.png", "x-2.gif", "y"].map(PathBuf::from);
        assert_eq!(names(&inputs), ["x", "x-2", "x-2-2", "y"]);
    }
}
