//! `doorstep image`: the command over real files.

use std::path::Path;
use std::process::{Command, Output};

use doorstep_images::{Limits, Raster, grammar, pixels, probe, process};
use serde_json::Value;

const ASKED: &str = "iopcmd=thumbnail&type=4&width=512|iopcmd=rotate&degree=90";

fn image(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.current_dir(dir).env("TMPDIR", dir).arg("image").args(args).output().unwrap()
}

/// One object a line.
#[track_caller]
fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Blue with a red corner at the top left, in a format.
fn picture(width: u32, height: u32, format: &str) -> Vec<u8> {
    let drawing = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="{width}" height="{height}" fill="#2040c0"/><rect width="{}" height="{}" fill="#e02020"/></svg>"##,
        width / 4,
        height / 4
    );
    let pipeline = grammar::parse(&format!("image/format,{format}")).unwrap();
    process(drawing.as_bytes(), &pipeline, &Limits::default(), &|_| Err(String::new())).unwrap().body
}

/// Whether the pixel at these parts of width and height is red.
fn red(raster: &Raster, x: f64, y: f64) -> bool {
    let at = |part: f64, side: u32| (part * f64::from(side)) as u32;
    let pixel = raster.pixel(at(x, raster.width), at(y, raster.height));
    pixel[0] > 180 && pixel[2] < 90
}

#[test]
fn a_photo_is_made_small_and_turned_and_the_numbers_are_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("photo.jpg"), picture(1600, 1200, "jpg")).unwrap();
    let done = image(dir.path(), &[ASKED, "photo.jpg", "-o", "out.jpg", "--json"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told = lines(&done);
    assert_eq!(told.len(), 1);
    let told = &told[0];
    let written = std::fs::read(dir.path().join("out.jpg")).unwrap();
    assert_eq!((&told["width"], &told["height"], &told["format"]), (&384.into(), &512.into(), &"jpeg".into()));
    assert_eq!((&told["bytes"], &told["output"]), (&written.len().into(), &"out.jpg".into()));
    let cpu = told["cpu_ms"].as_f64().unwrap();
    assert!(cpu > 0.5 && cpu < 60_000.0, "{cpu}");
    let header = probe(&written).unwrap();
    assert_eq!((header.width, header.height), (384, 512));
    // A quarter clockwise: what was at the top left is at the top right.
    let seen = pixels(&written, &Limits::default()).unwrap();
    assert!(red(&seen, 0.9, 0.1) && !red(&seen, 0.1, 0.1) && !red(&seen, 0.9, 0.9) && !red(&seen, 0.1, 0.9));
    // Without --json the same numbers in a sentence.
    let said = String::from_utf8(image(dir.path(), &[ASKED, "photo.jpg", "-o", "out.jpg"]).stdout).unwrap();
    assert!(said.contains("384×512 jpeg") && said.contains(&format!("{} bytes", written.len())), "{said}");
    assert!(!dir.path().join("out.jpg.part").exists());
    // The name says the format when the pipeline does not.
    let webp = image(dir.path(), &[ASKED, "photo.jpg", "-o", "out.webp", "--json"]);
    assert_eq!(lines(&webp)[0]["format"], "webp");
    assert_eq!(&std::fs::read(dir.path().join("out.webp")).unwrap()[8..12], b"WEBP");
}

#[test]
fn many_pictures_go_into_a_folder_and_a_bad_one_stops_nobody() {
    let dir = tempfile::tempdir().unwrap();
    for (name, format) in [("a.jpg", "jpg"), ("b.png", "png"), ("c.webp", "webp")] {
        std::fs::write(dir.path().join(name), picture(300, 200, format)).unwrap();
    }
    std::fs::create_dir(dir.path().join("more")).unwrap();
    std::fs::write(dir.path().join("more/a.png"), picture(300, 200, "png")).unwrap();
    std::fs::write(dir.path().join("bad.jpg"), b"\xff\xd8\xff\xe0 this is no photo").unwrap();
    std::fs::write(dir.path().join("words.txt"), b"these are words").unwrap();
    let inputs = ["a.jpg", "bad.jpg", "b.png", "words.txt", "missing.png", "c.webp", "more/a.png"];
    let pipeline = "image/resize,m_fill,w_60,h_60/format,png";
    let done = image(dir.path(), &[&[pipeline][..], &inputs, &["-o", "thumbs/small", "--json"]].concat());
    assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stderr));
    let mut told = lines(&done);
    told.sort_by_key(|line| inputs.iter().position(|name| line["input"] == *name));
    let short = |line: &Value| match line["code"].as_str() {
        Some(code) => code.to_owned(),
        None => line["output"].as_str().unwrap().to_owned(),
    };
    assert_eq!(
        told.iter().map(short).collect::<Vec<_>>(),
        [
            "thumbs/small/a.png",
            "damaged",
            "thumbs/small/b.png",
            "unknown_format",
            "io",
            "thumbs/small/c.png",
            "thumbs/small/a-2.png"
        ]
    );
    for line in told.iter().filter(|line| line.get("output").is_some()) {
        let seen = pixels(&std::fs::read(dir.path().join(short(line))).unwrap(), &Limits::default()).unwrap();
        assert_eq!(seen.size(), (60, 60), "{line}");
        assert_eq!((&line["width"], &line["height"], &line["format"]), (&60.into(), &60.into(), &"png".into()));
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(errors.contains("bad.jpg") && errors.contains("missing.png"), "{errors}");
    assert!(errors.contains("3 of 7 pictures failed"), "{errors}");
    assert_eq!(std::fs::read_dir(dir.path().join("thumbs/small")).unwrap().count(), 4);
}

#[test]
fn wrong_pipelines_and_missing_places_are_code_2() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.png"), picture(40, 30, "png")).unwrap();
    for (args, words) in [
        (&["iopcmd=thumbnail&type=4", "a.png", "-o", "out"][..], "thumbnail, width: it is missing"),
        (&["iopcmd=fly", "a.png", "-o", "out"], "fly"),
        (&["image/resize,w_0", "a.png", "-o", "out"], "resize, w"),
        (&["rotate 90", "a.png", "-o", "out"], "rotate 90"),
        (&[ASKED, "a.png"], "-o OUT"),
        (&[ASKED], "<IN>"),
    ] {
        let done = image(dir.path(), args);
        let errors = String::from_utf8_lossy(&done.stderr);
        assert_eq!((done.status.code(), errors.contains(words)), (Some(2), true), "{args:?}: {errors}");
        assert!(done.stdout.is_empty());
    }
    assert!(!dir.path().join("out").exists(), "nothing is made for a pipeline that cannot be read");
    // A question needs no place, and a step that the picture does not allow names itself.
    let info = image(dir.path(), &["iopcmd=imageinfo", "a.png", "--json"]);
    assert_eq!((&lines(&info)[0]["answer"]["width"], &lines(&info)[0]["format"]), (&40.into(), &"json".into()));
    let outside = image(dir.path(), &["iopcmd=crop&width=9&height=9&ax=50", "a.png", "-o", "out", "--json"]);
    assert_eq!((outside.status.code(), &lines(&outside)[0]["code"]), (Some(1), &"bad_step".into()));
}

/// AVIF is decoded by a process of its own; what that takes is told as well.
#[test]
fn the_time_of_other_processes_is_counted() {
    if Command::new("ffmpeg").arg("-version").output().is_err() {
        eprintln!("skipped: ffmpeg is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.avif"), picture(640, 480, "avif")).unwrap();
    // A stand-in on the PATH that works for a while before the real one.
    let (tools, busy) = (dir.path().join("tools"), "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done");
    std::fs::create_dir(&tools).unwrap();
    let path = std::env::var("PATH").unwrap();
    std::fs::write(tools.join("ffmpeg"), format!("#!/bin/sh\n{busy}\nPATH={path} exec ffmpeg \"$@\"\n")).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(tools.join("ffmpeg"), executable).unwrap();
    let cpu = |path: String| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
        command.current_dir(dir.path()).env("PATH", path);
        let done = command.args(["image", "image/format,png", "a.avif", "-o", "out.png", "--json"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        lines(&done)[0]["cpu_ms"].as_f64().unwrap()
    };
    let (plain, slow) = (cpu(path.clone()), cpu(format!("{}:{path}", tools.display())));
    // The shell counts to 400,000 in a tenth of a second or more; the picture alone takes far less than that varies.
    assert!(plain > 5.0 && slow > plain + 50.0, "{plain} ms and {slow} ms");
}
