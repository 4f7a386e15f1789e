//! The shared collection against pictures that Pillow, LittleCMS, libheif, libavif and librsvg
//! made of it (`references/make.py`): turned, coloured, clear and
//! moving as another program sees them. Without that folder one line says so.

use doorstep_images::Raster;

use crate::alike::{Within, alike};
use crate::files::{have_ffmpeg, read};
use crate::scene::{run, seen};

/// Another program's filter from the full size; the same picture all the same.
const OTHERS: Within = Within { ssim: 0.995, color: 1.5, square: 4.5, alpha: 0.7 };

fn within(name: &str) -> Within {
    match name {
        // Printers' black is deeper with LittleCMS's black point compensation and less so without; ours is between.
        "cmyk-icc" => Within { ssim: 0.98, color: 5.5, square: 9.0, alpha: 0.0 },
        // Two rasterisers draw lines of a pixel's width with softer or harder edges.
        "svg-logo" => Within { ssim: 0.995, color: 0.5, square: 13.0, alpha: 1.8 },
        _ => OTHERS,
    }
}

fn reference(name: &str) -> Raster {
    let path = format!("{}/tests/references/{name}.png", env!("CARGO_MANIFEST_DIR"));
    seen(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// Name of the reference, source, and which frame.
#[rustfmt::skip]
const TABLE: [(&str, &str, &str); 24] = [
    ("exif-orient3-landscape", "exif-orient3-landscape.jpg", ""),
    ("exif-orient6-landscape", "exif-orient6-landscape.jpg", ""),
    ("exif-orient7-portrait", "exif-orient7-portrait.jpg", ""),
    ("phone-12mp-s7edge", "phone-12mp-s7edge.jpg", ""),
    ("cmyk-icc", "cmyk-icc.jpg", ""),
    ("icc-profile-rgb-clock", "icc-profile-rgb-clock.jpg", ""),
    ("ultra-hdr-gainmap", "ultra-hdr-gainmap.jpg", ""),
    ("png-16bit-flag", "png-16bit-flag.png", ""),
    ("png-16bit-sample", "png-16bit-sample.png", ""),
    ("png-alpha-2048", "png-alpha-2048.png", ""),
    ("wide-gamut-p3", "wide-gamut-p3.png", ""),
    ("avif-8bit-3082x2048", "avif-8bit-3082x2048.avif", ""),
    ("avif-10bit-444-fox", "avif-10bit-444-fox.avif", ""),
    ("heic-phone", "heic-phone.heic", ""),
    ("svg-logo", "svg-logo.svg", ""),
    ("gif-anim-dispose-background-first", "gif-anim-dispose-background.gif", "&fr=0"),
    ("gif-anim-dispose-background-middle", "gif-anim-dispose-background.gif", "&fr=0.5"),
    ("gif-anim-dispose-background-last", "gif-anim-dispose-background.gif", "&fr=1"),
    ("gif-rotating-squares-first", "gif-rotating-squares.gif", "&fr=0"),
    ("gif-rotating-squares-middle", "gif-rotating-squares.gif", "&fr=0.5"),
    ("gif-rotating-squares-last", "gif-rotating-squares.gif", "&fr=1"),
    ("webp-anim-loop3-first", "webp-anim-loop3.webp", "&fr=0"),
    ("webp-anim-loop3-middle", "webp-anim-loop3.webp", "&fr=0.5"),
    ("webp-anim-loop3-last", "webp-anim-loop3.webp", "&fr=1"),
];

#[test]
fn the_collection_looks_as_another_program_sees_it() {
    let mut wrong = Vec::new();
    for (name, file, frame) in TABLE {
        let Some(source) = read(file) else { return };
        if (file.ends_with(".heic") || file.ends_with(".avif")) && !have_ffmpeg() {
            continue;
        }
        let wanted = reference(name);
        let (width, height) = wanted.size();
        let query = format!("iopcmd=thumbnail&type=11&width={width}&height={height}|iopcmd=convert&dst=png{frame}");
        let found = seen(&run(&source, &query).body);
        match alike(&found, &wanted, &within(name)) {
            Ok(far) => eprintln!("{name}: {far:.3?}"),
            Err(far) => wrong.push(format!("{name}: {far}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No reference would do for another one, turned or not: what the test above lets through is that picture.
#[test]
fn a_reference_passes_for_no_other() {
    let turns = [2, 3, 4].map(doorstep_images::Orientation::from_exif);
    for (name, _, _) in TABLE {
        let picture = reference(name);
        // A flat red, and an almost white first frame, look the same from everywhere.
        if matches!(name, "wide-gamut-p3" | "webp-anim-loop3-first") {
            continue;
        }
        for turn in turns {
            // Two stripes of three, and squares in a square, look the same when mirrored.
            let symmetric = (name == "png-16bit-flag" && turn == turns[0]) || name.starts_with("gif-rotating");
            let turned = picture.clone().turned(turn);
            assert!(symmetric || alike(&turned, &picture, &within(name)).is_err(), "{name} {turn:?}");
        }
        for (other, file, _) in TABLE {
            let other_picture = reference(other);
            let same = other.split("-first").next() == name.split("-last").next()
                || file.contains("orient3")
                || file.contains("orient6")
                || file.contains("rotating");
            let differs =
                other_picture.size() != picture.size() || alike(&other_picture, &picture, &within(name)).is_err();
            assert!(other == name || same || differs, "{other} passes for {name}");
        }
    }
}
