//! Every picture of the shared collection through every output. Without that folder one line says so.

use std::fs;
use std::path::PathBuf;

use doorstep_images::{Format, ImageError, probe};

use crate::scene::{run, seen, try_run};

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("DOORSTEP_SHARED").map(PathBuf::from);
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared"));
    let folder = shared.unwrap_or_else(beside).join("data/images");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: the shared pictures are not there");
    None
}

pub(crate) fn have_ffmpeg() -> bool {
    let found = std::process::Command::new("ffmpeg").arg("-version").output().is_ok();
    if !found {
        eprintln!("skipped: HEIC and AVIF, as ffmpeg is not installed");
    }
    found
}

pub(crate) fn read(name: &str) -> Option<Vec<u8>> {
    folder().map(|folder| fs::read(folder.join(name)).expect("the collection is complete"))
}

#[test]
fn every_file_through_every_output() {
    let Some(folder) = folder() else { return };
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    names.sort();
    for path in names {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let by_ffmpeg = name.ends_with(".heic") || name.ends_with(".avif");
        if name.ends_with(".md") || (by_ffmpeg && !have_ffmpeg()) {
            continue;
        }
        let source = fs::read(&path).expect("readable");
        let bad = name.starts_with("bomb") || name.starts_with("giant") || name.starts_with("truncated");
        // Shrunk once without loss, so that each output need not decode twelve megapixels again.
        let small = try_run(&source, "iopcmd=thumbnail&type=14&width=96&height=96|iopcmd=convert&dst=png");
        if bad {
            let error = small.expect_err(&name);
            let expected = if name.starts_with("truncated") { "damaged" } else { "too_large" };
            assert_eq!(error.code(), expected, "{name}: {error}");
            continue;
        }
        let small = small.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(small.width.max(small.height) <= 96, "{name}");
        for dst in ["jpg", "png", "webp", "avif", "gif", "bmp"] {
            let output = run(&small.body, &format!("iopcmd=convert&dst={dst}"));
            let header = probe(&output.body).unwrap_or_else(|error| panic!("{name} as {dst}: {error}"));
            assert_eq!((header.width, header.height), (small.width, small.height), "{name} as {dst}");
        }
        if probe(&source).expect("known").frames > 1 {
            let moving = run(&source, "iopcmd=thumbnail&type=14&width=64&height=64");
            assert!(moving.frames > 1, "{name}");
        }
    }
}

#[test]
fn bombs_are_refused_before_anything_is_decoded() {
    for name in ["bomb-65536x65536.png", "bomb-17000x17000.avif", "giant.jpg"] {
        let Some(source) = read(name) else { return };
        let error = try_run(&source, "iopcmd=thumbnail&type=4&width=100").expect_err(name);
        assert!(matches!(error, ImageError::TooLarge { .. }), "{name}: {error}");
        assert!(try_run(&source, "iopcmd=imageinfo").is_ok(), "{name}");
    }
}

#[test]
fn photos_that_lie_on_their_side_come_upright() {
    for (name, wide) in [
        ("exif-orient3-landscape.jpg", true),
        ("exif-orient6-landscape.jpg", true),
        ("exif-orient7-portrait.jpg", false),
    ] {
        let Some(source) = read(name) else { return };
        let output = run(&source, "iopcmd=thumbnail&type=6&width=100&height=100");
        assert_eq!(output.width > output.height, wide, "{name}");
    }
    if let Some(source) = read("heic-phone.heic").filter(|_| have_ffmpeg()) {
        let output = run(&source, "iopcmd=thumbnail&type=4&width=96");
        assert_eq!((output.width, output.height, output.format), (96, 128, Some(Format::Jpeg)));
    }
}

/// Red is at twelve o'clock only if the profile with swapped channels is heeded.
#[test]
fn the_clock_has_red_at_twelve() {
    let Some(source) = read("icc-profile-rgb-clock.jpg") else { return };
    let clock = seen(&run(&source, "iopcmd=thumbnail&type=4&width=80|iopcmd=convert&dst=png").body);
    let pixel = clock.pixel(40, 12);
    assert!(pixel[0] > 180 && pixel[1] < 90 && pixel[2] < 90, "{pixel:?}");
}

#[test]
fn printers_inks_and_wide_red_look_right() {
    let Some(source) = read("wide-gamut-p3.png") else { return };
    let red = seen(&source);
    assert!(red.pixel(4, 4)[0] > 250 && red.pixel(4, 4)[1] < 5, "{:?}", red.pixel(4, 4));
    let Some(source) = read("cmyk-icc.jpg") else { return };
    let scene = seen(&run(&source, "iopcmd=thumbnail&type=4&width=50|iopcmd=convert&dst=png").body);
    // Another colour engine's means of the three channels: 121, 126 and 115.
    let mean = |channel: usize| {
        let values = scene.data.iter().skip(channel).step_by(3).map(|v| u64::from(*v));
        values.sum::<u64>() / u64::from(scene.width * scene.height)
    };
    for (channel, expected) in [121_u64, 126, 115].into_iter().enumerate() {
        assert!(mean(channel).abs_diff(expected) <= 6, "channel {channel}: {}", mean(channel));
    }
    let Some(source) = read("ultra-hdr-gainmap.jpg") else { return };
    assert!(probe(&source).expect("a JPEG").gain_map);
}
