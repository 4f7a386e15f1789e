//! What is broken, crafted, empty or too large ends in a refusal that says so.

use std::time::Duration;

use doorstep_images::grammar::iopcmd;
use doorstep_images::{ImageError, Layout, Limited, Limits, Raster, process};

use crate::scene::{jpeg, picture, png, run, try_run};

/// A PNG header that promises more than there is.
fn promise(width: u32, height: u32) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    let mut head = b"IHDR".to_vec();
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&head);
    out.extend_from_slice(&head);
    out.extend(crc.sum().to_be_bytes());
    out.extend(b"\0\0\0\x01IDAT\0\0\0\0\0");
    out
}

#[test]
fn bombs_are_refused_by_their_headers() {
    for (width, height, what) in [
        (65_536, 65_536, Limited::SourceSide),
        (u32::MAX >> 1, 1, Limited::SourceSide),
        (20_000, 20_000, Limited::SourcePixels),
    ] {
        match try_run(&promise(width, height), "iopcmd=thumbnail&type=4&width=10") {
            Err(ImageError::TooLarge { what: found, .. }) => assert_eq!(found, what),
            other => panic!("{width}×{height}: {other:?}"),
        }
    }
    let sixteen = "iopcmd=thumbnail&type=1&scale=10000";
    assert!(matches!(
        try_run(&png(&picture(300, 300)), sixteen),
        Err(ImageError::TooLarge { what: Limited::ResultSide, .. })
    ));
    let limits = Limits { source_bytes: 10, ..Limits::default() };
    let nothing = iopcmd::parse("iopcmd=imageinfo").expect("known");
    let refused = process(&png(&picture(9, 9)), &nothing, &limits, &|_| Err(String::new()));
    assert!(matches!(refused, Err(ImageError::TooLarge { what: Limited::SourceBytes, .. })));
}

/// A JPEG that says it has this size, and nothing behind its headers.
fn promised_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xc0\0\x0b\x08".to_vec();
    out.extend(height.to_be_bytes());
    out.extend(width.to_be_bytes());
    out.extend(b"\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0\xff\xd9");
    out
}

/// A sound AVIF whose container says it has this size.
fn promised_avif(side: u32) -> Vec<u8> {
    let mut out = run(&png(&picture(16, 16)), "iopcmd=convert&dst=avif").body;
    let at = out.windows(4).position(|name| name == b"ispe").expect("a size") + 8;
    out[at..at + 8].copy_from_slice(&[side.to_be_bytes(), side.to_be_bytes()].concat());
    out
}

/// The most memory that this process has had, in kilobytes.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// In a process of its own, where nothing else takes memory: see the next test.
#[test]
#[ignore = "run by the test below in a process of its own"]
fn bombs_one_after_the_other() {
    let shared = ["bomb-65536x65536.png", "bomb-17000x17000.avif", "giant.jpg"];
    let mut bombs: Vec<(&str, Vec<u8>)> = vec![
        ("a PNG of 65536²", promise(65_536, 65_536)),
        ("an AVIF of 17000²", promised_avif(17_000)),
        ("a JPEG of 280 megapixels", promised_jpeg(20_000, 14_000)),
    ];
    bombs.extend(shared.into_iter().filter_map(|name| Some((name, crate::files::read(name)?))));
    // Whatever is set up once is set up now.
    let _ = run(&png(&picture(16, 16)), "iopcmd=thumbnail&type=4&width=8");
    for (name, bomb) in &bombs {
        let (before, started) = (peak_kb(), std::time::Instant::now());
        let refused = try_run(bomb, "iopcmd=thumbnail&type=4&width=100");
        let (took, grown) = (started.elapsed(), peak_kb() - before);
        assert!(matches!(refused, Err(ImageError::TooLarge { .. })), "{name}: {refused:?}");
        eprintln!("{name}: refused in {} µs, memory grew by {grown} KiB", took.as_micros());
        assert!(grown <= 2048, "{name}: memory grew by {grown} KiB");
    }
    // That memory is seen when it is taken: three megapixels are twelve megabytes and more.
    let (before, large) = (peak_kb(), Raster::filled(2000, 1500, Layout::Rgba, &[1, 2, 3, 200]));
    assert_eq!(large.data.len(), 12_000_000);
    assert!(peak_kb() - before > 8 << 10, "the peak is measured");
}

#[test]
fn bombs_take_no_memory() {
    let program = std::env::current_exe().expect("a test has a file");
    let arguments = ["--exact", "damage::bombs_one_after_the_other", "--ignored", "--nocapture"];
    let done = std::process::Command::new(program).args(arguments).output().expect("it runs");
    let (said, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    eprint!("{errors}");
    assert!(done.status.success() && said.contains("1 passed"), "{said}{errors}");
}

#[test]
fn time_is_over_when_it_is_over() {
    let limits = Limits { time: Duration::ZERO, ..Limits::default() };
    let pipeline = iopcmd::parse("iopcmd=blur&sigma=3").expect("known");
    let late = process(&png(&picture(300, 300)), &pipeline, &limits, &|_| Err(String::new()));
    assert!(matches!(late, Err(ImageError::Deadline { allowed_ms: 0 })), "{late:?}");
}

#[test]
fn rubbish_is_no_picture() {
    for bytes in [&b""[..], b"x", b"GIF", b"<html><body/></html>", &[0; 4096], b"RIFF\0\0\0\0WAVE"] {
        let error = try_run(bytes, "iopcmd=imageinfo").expect_err("no picture");
        assert!(matches!(error.code(), "unknown_format" | "damaged"), "{error}");
    }
}

/// Every format cut at many places, and with bytes changed: a picture or a refusal, and never anything else.
#[test]
fn cut_and_changed_files_never_do_harm() {
    let source = png(&picture(48, 40));
    let mut state = 7_u32;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below.max(1)
    };
    for dst in ["jpg", "png", "webp", "avif", "gif", "bmp"] {
        let whole = run(&source, &format!("iopcmd=convert&dst={dst}")).body;
        let query = "iopcmd=thumbnail&type=4&width=20|iopcmd=convert&dst=png";
        for part in 0..16 {
            let cut = &whole[..whole.len() * part / 16];
            if let Err(error) = try_run(cut, query) {
                assert!(matches!(error.code(), "damaged" | "unknown_format" | "unsupported"), "{dst}: {error}");
            }
        }
        for _ in 0..40 {
            let mut changed = whole.clone();
            for _ in 0..3 {
                let at = random(changed.len());
                changed[at] = u8::try_from(random(256)).expect("a byte");
            }
            let _ = try_run(&changed, query);
        }
    }
}

/// The fuzzer begins with a sound picture of every kind that is read.
#[test]
fn every_seed_of_the_fuzzer_is_a_picture() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../fuzz/seeds/image_bytes");
    let mut formats = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the fuzzer's seeds") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("readable");
        let header = doorstep_images::probe(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(bytes.len() < 800, "{} is larger than it need be", path.display());
        formats.insert(header.format.as_str());
        let by_ffmpeg = matches!(header.format, doorstep_images::Format::Avif | doorstep_images::Format::Heic);
        if !by_ffmpeg || crate::files::have_ffmpeg() {
            let done = try_run(&bytes, "iopcmd=thumbnail&type=14&width=8&height=8|iopcmd=convert&dst=png");
            assert!(done.is_ok(), "{}: {done:?}", path.display());
        }
    }
    let all = ["avif", "bmp", "gif", "heic", "jpeg", "png", "svg", "tiff", "webp"];
    assert_eq!(formats.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn a_cut_photo_is_refused_and_noise_between_markers_is_not() {
    let photo = jpeg(&picture(200, 150), 80);
    let half = try_run(&photo[..photo.len() / 2], "iopcmd=thumbnail&type=4&width=50").expect_err("half is missing");
    assert_eq!(half.code(), "damaged", "{half}");
    let mut noisy = photo.clone();
    noisy.truncate(photo.len() - 2);
    noisy.extend([0, 0, 0, 0xff, 0xd9]);
    assert!(try_run(&noisy, "iopcmd=thumbnail&type=4&width=50").is_ok());
}
