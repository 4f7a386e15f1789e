//! Sizes, turns and cuts, against pixels moved one by one.

use doorstep_images::{Layout, Orientation, Raster};

use crate::scene::{area_mean, farthest, jpeg, made, picture, png, run, ssim, with_orientation};

#[test]
fn all_fifteen_thumbnails_have_their_sizes() {
    let (landscape, portrait) = (png(&picture(160, 120)), png(&picture(120, 160)));
    for (query, l, p) in [
        ("type=1&scale=25", (40, 30), (30, 40)),
        ("type=2&scale=50", (160, 60), (120, 80)),
        ("type=3&scale=50", (80, 120), (60, 160)),
        ("type=4&width=40", (40, 30), (40, 53)),
        ("type=5&height=60", (80, 60), (45, 60)),
        ("type=6&width=80&height=40", (80, 60), (30, 40)),
        ("type=7&width=80&height=40", (53, 40), (80, 107)),
        ("type=8&width=50&height=50", (50, 50), (50, 50)),
        ("type=9&width=80&height=40", (53, 40), (30, 40)),
        ("type=10&width=80&height=40", (80, 60), (80, 107)),
        ("type=11&width=33&height=77", (33, 77), (33, 77)),
        ("type=12&width=200&height=90", (200, 120), (200, 160)),
        ("type=13&width=70&height=30", (70, 30), (70, 30)),
        ("type=14&width=400&height=400", (160, 120), (120, 160)),
        ("type=15&width=90&height=90", (90, 90), (90, 90)),
    ] {
        for (source, size) in [(&landscape, l), (&portrait, p)] {
            let output = run(source, &format!("iopcmd=thumbnail&{query}"));
            assert_eq!((output.width, output.height), size, "{query}");
            assert_eq!(crate::scene::seen(&output.body).size(), size, "{query}");
        }
    }
}

#[test]
fn a_small_picture_looks_as_the_means_of_a_large_one() {
    let source = picture(512, 384);
    let reference = area_mean(&source, 128, 96);
    let from_png = made(&png(&source), "iopcmd=thumbnail&type=4&width=128");
    assert!(ssim(&from_png, &reference) > 0.97, "{}", ssim(&from_png, &reference));
    // Shrunk by the decoder to a half and a quarter; nothing moves.
    let photo = jpeg(&source, 95);
    for (width, shrink) in [(250, 2), (128, 4), (64, 8)] {
        let output = run(&photo, &format!("iopcmd=thumbnail&type=4&width={width}|iopcmd=convert&dst=png"));
        assert_eq!(output.plan.shrink, shrink);
        let reference = area_mean(&source, output.width, output.height);
        let similar = ssim(&crate::scene::seen(&output.body), &reference);
        assert!(similar > 0.95, "{width}: {similar}");
    }
}

#[test]
fn quarters_and_mirrors_move_every_pixel_exactly() {
    let source = picture(37, 23);
    let bytes = png(&source);
    for (query, turn) in [
        ("iopcmd=rotate&degree=90", 6),
        ("iopcmd=rotate&degree=180", 3),
        ("iopcmd=rotate&degree=270", 8),
        ("iopcmd=rotate&degree=360", 1),
        ("iopcmd=flip&axis=x", 2),
        ("iopcmd=flip&axis=y", 4),
        ("iopcmd=rotate&degree=90|iopcmd=flip&axis=x", 5),
    ] {
        assert_eq!(made(&bytes, query), source.clone().turned(Orientation::from_exif(turn)), "{query}");
    }
}

#[test]
fn any_angle_keeps_the_middle_and_clears_the_corners() {
    let turned = made(&png(&picture(80, 60)), "iopcmd=rotate&degree=30");
    // 80 cos 30 + 60 sin 30, and the other way round.
    assert_eq!((turned.size(), turned.layout), ((100, 92), Layout::Rgba));
    for (x, y) in [(0, 0), (99, 0), (0, 91), (99, 91)] {
        assert_eq!(turned.pixel(x, y)[3], 0);
    }
    let source = picture(80, 60);
    let (middle, before) = (turned.pixel(50, 46), source.pixel(40, 30));
    assert!(middle.iter().zip(before).all(|(a, b)| a.abs_diff(*b) < 12), "{middle:?} {before:?}");
    // There and back is the same picture, softened.
    let back = made(&png(&turned), "iopcmd=rotate&degree=330|iopcmd=crop&width=60&height=44&gravity=Center");
    let inner = made(&png(&source), "iopcmd=crop&width=60&height=44&gravity=Center");
    let similar = ssim(&back, &inner);
    assert!(similar > 0.85, "{similar}");
    // JPEG has no transparency: its corners are white.
    let flat = run(&jpeg(&source, 90), "iopcmd=rotate&degree=30");
    assert!(crate::scene::seen(&flat.body).pixel(0, 0).iter().all(|v| *v > 240));
}

#[test]
fn all_eight_orientations_come_out_alike() {
    let source = picture(64, 48);
    let upright = made(&jpeg(&source, 95), "iopcmd=thumbnail&type=4&width=32");
    for number in 1..=8 {
        let lying = source.clone().turned(Orientation::from_exif(number.into()).inverse());
        let photo = with_orientation(&jpeg(&lying, 95), number);
        let made_upright = made(&photo, "iopcmd=thumbnail&type=4&width=32");
        assert!(ssim(&made_upright, &upright) > 0.97, "{number}: {}", ssim(&made_upright, &upright));
        let as_stored = run(&photo, "iopcmd=auto-orient&value=0|iopcmd=thumbnail&type=4&width=32");
        assert_eq!(as_stored.height, if number < 5 { 24 } else { 43 }, "{number}");
        // What comes out does not say that it lies any more.
        assert_eq!(doorstep_images::probe(&as_stored.body).expect("a JPEG").orientation, Orientation::UPRIGHT);
    }
}

#[test]
fn cuts_take_exactly_their_pixels() {
    let source = picture(60, 40);
    let bytes = png(&source);
    let cut = |x: u32, y: u32, width: u32, height: u32| source.cut(doorstep_images::Rect { x, y, width, height });
    for (query, expected) in [
        ("crop&width=20&height=10&ax=5&ay=7", cut(5, 7, 20, 10)),
        ("crop&width=20&height=10&gravity=SouthEast", cut(40, 30, 20, 10)),
        ("crop&width=20&height=10&gravity=Center", cut(20, 15, 20, 10)),
        ("crop&width=0&height=10&ax=5", cut(5, 0, 55, 10)),
        ("crop&width=99&height=99&ax=50&ay=30", cut(50, 30, 10, 10)),
        ("indexcrop&x=25&i=2", cut(50, 0, 10, 40)),
        ("indexcrop&y=15&x=5&i=1", cut(0, 15, 60, 15)),
        ("indexcrop&x=25&i=3", source.clone()),
    ] {
        assert_eq!(made(&bytes, &format!("iopcmd={query}")), expected, "{query}");
    }
}

#[test]
fn merged_and_separate_passes_agree() {
    let bytes = png(&picture(200, 150));
    let merged = made(
        &bytes,
        "iopcmd=thumbnail&type=4&width=90|iopcmd=rotate&degree=90|iopcmd=crop&width=40&height=50&ax=9&ay=8",
    );
    let resized = png(&made(&bytes, "iopcmd=thumbnail&type=4&width=90"));
    let turned = png(&made(&resized, "iopcmd=rotate&degree=90"));
    let separate = made(&turned, "iopcmd=crop&width=40&height=50&ax=9&ay=8");
    assert!(farthest(&merged, &separate) <= 1);
}

#[test]
fn room_is_added_evenly_in_its_colour() {
    let padded = made(&png(&picture(80, 40)), "iopcmd=thumbnail&type=15&width=60&height=60&color=00ff00");
    assert_eq!((padded.pixel(0, 0), padded.pixel(59, 59)), (&[0, 255, 0][..], &[0, 255, 0][..]));
    assert_ne!(padded.pixel(30, 30), [0, 255, 0]);
    assert_eq!(padded.pixel(30, 14), [0, 255, 0]);
    assert_ne!(padded.pixel(30, 15), [0, 255, 0]);
    let clear = made(&png(&picture(80, 40)), "iopcmd=thumbnail&type=12&width=100&height=50&color=transparent");
    assert_eq!((clear.size(), clear.pixel(0, 0)[3], clear.pixel(50, 25)[3]), ((100, 50), 0, 255));
}

#[test]
fn the_smart_cut_follows_what_stands_out() {
    let mut scene = Raster::filled(300, 100, Layout::Rgb, &[120; 3]);
    for y in 20..80_u32 {
        for x in 220..280_u32 {
            let value: [u8; 3] = if (x / 5 + y / 5) % 2 == 0 { [240, 40, 40] } else { [20, 20, 200] };
            scene.data[((y * 300 + x) * 3) as usize..][..3].copy_from_slice(&value);
        }
    }
    let kept = made(&png(&scene), "iopcmd=thumbnail&type=8&width=100&height=100&gravity=smart");
    let lively = kept.data.chunks_exact(3).filter(|p| p[0].abs_diff(p[2]) > 60).count();
    assert!(lively > 3200, "{lively} of 3600 pixels are there");
    let middle = made(&png(&scene), "iopcmd=thumbnail&type=8&width=100&height=100");
    assert!(middle.data.chunks_exact(3).all(|p| p[0].abs_diff(p[2]) < 60));
}
