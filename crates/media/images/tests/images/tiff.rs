//! TIFF in its many kinds, written by another program (`tiffs/make.py`): each holds the same picture.

use doorstep_images::{Orientation, Raster, probe};

use crate::scene::{farthest, made, picture, run, seen, try_run};

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/tiffs/{name}.tif", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn wanted() -> Raster {
    picture(24, 16)
}

#[test]
fn strips_tiles_planes_and_every_compression() {
    for (name, depth) in [
        ("strips", 8),
        ("one-strip-big-endian", 8),
        ("lzw", 8),
        ("lzw-predictor", 8),
        ("deflate", 8),
        ("deflate-predictor-16", 16),
        ("packbits", 8),
        ("tiles", 8),
        ("planes", 8),
        ("sixteen", 16),
        ("bigtiff", 8),
        ("pages", 8),
        ("lying", 8),
    ] {
        let source = file(name);
        let header = probe(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((header.depth, header.alpha, header.channels), (depth, false, 3), "{name}");
        assert_eq!(header.upright_size(), (24, 16), "{name}");
        let far = farthest(&made(&source, "iopcmd=auto-orient"), &wanted());
        assert!(far <= 1, "{name}: {far}");
    }
    assert_eq!(probe(&file("lying")).expect("a TIFF").orientation, Orientation::from_exif(6));
}

#[test]
fn opacity_multiplied_in_or_not() {
    for (name, slack) in [("alpha", 0), ("alpha-16", 0), ("alpha-multiplied", 128)] {
        let seen = seen(&file(name));
        for y in 0..16 {
            for x in 0..24 {
                let (pixel, color) = (seen.pixel(x, y), wanted());
                let alpha = x * 255 / 23;
                assert_eq!(u32::from(pixel[3]), alpha, "{name} at {x},{y}");
                // Where little light came through, rounding has taken the more.
                let near = u32::checked_div(slack, alpha).map_or(255, |more| more + 1);
                for (found, wanted) in pixel[..3].iter().zip(color.pixel(x, y)) {
                    assert!(u32::from(found.abs_diff(*wanted)) <= near, "{name} at {x},{y}: {pixel:?}");
                }
            }
        }
    }
}

#[test]
fn grey_ink_and_one_bit() {
    for name in ["gray", "gray-16", "gray-white-is-zero"] {
        let seen = seen(&file(name)).colored();
        for (x, y) in [(0, 0), (7, 3), (23, 15), (12, 9)] {
            let (found, wanted) = (seen.pixel(x, y)[0], wanted().pixel(x, y)[0]);
            assert!(found.abs_diff(wanted) <= 1, "{name} at {x},{y}: {found} {wanted}");
        }
    }
    for name in ["inks", "inks-16"] {
        assert_eq!(run(&file(name), "iopcmd=convert&dst=png").width, 24);
        let far = farthest(&made(&file(name), "iopcmd=auto-orient"), &wanted());
        assert!(far <= 1, "{name}: {far}");
    }
    let bits = seen(&file("bilevel")).colored();
    for (x, y) in [(0, 0), (8, 4), (20, 1), (23, 15)] {
        assert_eq!(bits.pixel(x, y)[0] > 127, wanted().pixel(x, y)[0] > 140, "{x},{y}");
    }
}

#[test]
fn what_is_not_read_says_so() {
    for name in ["float", "palette", "gray-alpha", "jpeg"] {
        let error = try_run(&file(name), "iopcmd=thumbnail&type=4&width=8").expect_err(name);
        assert_eq!(error.code(), "unsupported", "{name}: {error}");
    }
    // Cut and changed ones are refused or read, and never anything else.
    let whole = file("lzw-predictor");
    for length in (0..whole.len()).step_by(7) {
        if let Err(error) = try_run(&whole[..length], "iopcmd=thumbnail&type=4&width=8") {
            assert!(matches!(error.code(), "damaged" | "unknown_format" | "unsupported" | "too_large"), "{error}");
        }
    }
}
