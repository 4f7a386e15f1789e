//! What is broken, crafted, empty or too large ends in a refusal that says so.

use std::time::Duration;

use doorstep_images::grammar::iopcmd;
use doorstep_images::{ImageError, Limited, Limits, process};

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
