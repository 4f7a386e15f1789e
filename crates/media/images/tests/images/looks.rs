//! Watermarks, tones, shapes, qualities and invisible marks.

use doorstep_images::grammar::iopcmd;
use doorstep_images::{Layout, Limits, Raster, process};

use crate::scene::{jpeg, made, picture, png, run, seen, ssim, try_run};

fn different(a: &Raster, b: &Raster) -> Vec<(u32, u32)> {
    let places = (0..a.height).flat_map(|y| (0..a.width).map(move |x| (x, y)));
    places.filter(|(x, y)| a.pixel(*x, *y).iter().zip(b.pixel(*x, *y)).any(|(a, b)| a.abs_diff(*b) > 8)).collect()
}

#[test]
fn text_is_written_where_it_should_be() {
    let base = Raster::filled(200, 100, Layout::Rgb, &[0, 0, 80]);
    // 门店 in white, forty pixels high.
    let query = "iopcmd=watermark&type=1&text=6Zeo5bqX&fontsize=40";
    let (nw, se) = (made(&png(&base), query), made(&png(&base), &format!("{query}&gravity=SouthEast")));
    let (nw, se) = (different(&base, &nw), different(&base, &se));
    assert!(nw.len() > 400 && nw.iter().all(|(x, y)| (9..110).contains(x) && (9..70).contains(y)), "{}", nw.len());
    assert_eq!(nw.len(), se.len());
    assert!(se.iter().all(|(x, y)| (90..191).contains(x) && (30..91).contains(y)));
    let faint = made(&png(&base), &format!("{query}&opacity=20"));
    let strongest = faint.data.chunks_exact(3).map(|p| p[0]).max();
    assert!(strongest.is_some_and(|v| (45..=52).contains(&v)), "{strongest:?}");
    let tiled = different(&base, &made(&png(&base), &format!("{query}&tile=1&ax=0&ay=0")));
    assert!(tiled.len() > nw.len() * 2, "{} {}", tiled.len(), nw.len());
    let turned = different(&base, &made(&png(&base), &format!("{query}&rotate=90")));
    assert!(turned.iter().any(|(_, y)| *y > 75), "two characters are higher than wide when turned");
}

#[test]
fn pictures_are_laid_over_as_the_caller_brings_them() {
    let base = png(&Raster::filled(100, 50, Layout::Rgb, &[10, 20, 30]));
    let logo = png(&Raster::filled(40, 40, Layout::Rgba, &[255, 0, 0, 255]));
    // shop/logo.png
    let query = "iopcmd=watermark&type=2&imageurl=c2hvcC9sb2dvLnBuZw&gravity=NorthEast&ax=0&ay=0&scale=20&opacity=50";
    let pipeline = iopcmd::parse(query).expect("known");
    let bring = |name: &str| if name == "shop/logo.png" { Ok(logo.clone()) } else { Err("not ours".to_owned()) };
    let done = seen(&process(&base, &pipeline, &Limits::default(), &bring).expect("the logo is there").body);
    assert_eq!(
        (done.pixel(79, 5), done.pixel(80, 5), done.pixel(99, 19)),
        (&[10, 20, 30][..], &[133, 10, 15][..], &[133, 10, 15][..])
    );
    assert_eq!(done.pixel(99, 20), [10, 20, 30]);
    let refused = try_run(&base, query).expect_err("nobody brings it");
    assert_eq!((refused.code(), refused.to_string().contains("shop/logo.png")), ("bad_watermark", true));
    let rubbish = process(&base, &pipeline, &Limits::default(), &|_| Ok(b"rubbish".to_vec()));
    assert_eq!(rubbish.expect_err("it is no picture").code(), "bad_watermark");
}

#[test]
fn circles_and_corners_are_clear_outside() {
    let source = png(&picture(80, 60));
    let circle = made(&source, "iopcmd=circle&r=1000");
    assert_eq!((circle.size(), circle.pixel(0, 0)[3], circle.pixel(30, 30)[3]), ((60, 60), 0, 255));
    assert_eq!(made(&source, "iopcmd=circle&r=10").size(), (20, 20));
    let corners = made(&source, "iopcmd=rounded-corners&r=20");
    assert_eq!((corners.size(), corners.pixel(79, 59)[3], corners.pixel(40, 0)[3]), ((80, 60), 0, 255));
    let flat = seen(&run(&source, "iopcmd=circle&r=30|iopcmd=convert&dst=jpg").body);
    // JPEG lets a little of the circle's colours into its corner.
    let corner = flat.pixel(0, 0);
    assert!(corner.iter().all(|v| *v > 235), "white where JPEG cannot be clear: {corner:?}");
}

#[test]
fn tones_blurs_and_edges() {
    let source = picture(64, 64);
    let bytes = png(&source);
    let mean = |raster: &Raster| raster.data.iter().map(|v| f64::from(*v)).sum::<f64>() / raster.data.len() as f64;
    let spread = |raster: &Raster| {
        let m = mean(raster);
        raster.data.iter().map(|v| (f64::from(*v) - m).powi(2)).sum::<f64>() / raster.data.len() as f64
    };
    assert!(mean(&made(&bytes, "iopcmd=bright&value=20")) > mean(&source) + 30.0);
    assert!(spread(&made(&bytes, "iopcmd=contrast&value=-50")) < spread(&source) * 0.3);
    let soft = made(&bytes, "iopcmd=blur&type=2&sigma=4");
    assert!(spread(&soft) < spread(&source) && (mean(&soft) - mean(&source)).abs() < 1.0);
    assert!(spread(&made(&bytes, "iopcmd=sharpen&sigma=2&amount=200")) > spread(&source));
    let part = made(&bytes, "iopcmd=blur&type=1&radius=5&width=20&height=20&gravity=Center");
    let touched = different(&source, &part);
    assert!(!touched.is_empty() && touched.iter().all(|(x, y)| (22..42).contains(x) && (22..42).contains(y)));
}

#[test]
fn quality_is_absolute_relative_or_a_number_of_bytes() {
    let photo = jpeg(&picture(200, 150), 90);
    let quality = |query: &str| doorstep_images::probe(&run(&photo, query).body).expect("a JPEG").quality;
    assert_eq!(quality("iopcmd=convert&Q=35"), Some(35));
    assert_eq!(quality("iopcmd=convert&q=50"), Some(45));
    assert_eq!(quality("iopcmd=convert&q=50&Q=70"), Some(70));
    assert_eq!(quality("iopcmd=rotate&degree=90"), Some(80));
    for dst in ["jpg", "webp", "avif"] {
        let free = run(&photo, &format!("iopcmd=convert&dst={dst}&Q=90")).body.len();
        let bytes = free / 2;
        let held = run(&photo, &format!("iopcmd=convert&dst={dst}&Q=90&bytes={bytes}")).body.len();
        assert!(held <= bytes && held > bytes / 3, "{dst}: {held} of {bytes}");
        let refused = try_run(&photo, &format!("iopcmd=convert&dst={dst}&bytes=20")).expect_err("too few");
        assert_eq!(refused.code(), "not_writable", "{refused}");
    }
    let refused = try_run(&photo, "iopcmd=convert&dst=png&bytes=100").expect_err("PNG has no quality");
    assert_eq!(refused.code(), "not_writable");
    let progressive = run(&png(&picture(50, 50)), "iopcmd=interlace&value=1");
    assert!(doorstep_images::probe(&progressive.body).expect("a JPEG").interlaced);
}

#[test]
fn every_written_format_shows_the_same_picture() {
    let source = picture(96, 64);
    for (dst, least) in [("jpg", 0.93), ("png", 0.9999), ("webp", 0.93), ("avif", 0.9), ("gif", 0.9), ("bmp", 0.9999)] {
        let output = run(&png(&source), &format!("iopcmd=convert&dst={dst}"));
        assert_eq!(doorstep_images::sniff(&output.body), output.format, "{dst}");
        let similar = ssim(&seen(&output.body).flattened([255; 3]), &source);
        assert!(similar > least, "{dst}: {similar}");
    }
    // Transparency comes through wherever a format has it.
    let clear = Raster::filled(32, 32, Layout::Rgba, &[200, 30, 30, 0]);
    for dst in ["png", "webp", "avif", "gif"] {
        let seen = seen(&run(&png(&clear), &format!("iopcmd=convert&dst={dst}")).body);
        assert!(seen.pixel(16, 16)[3] < 3, "{dst}: {:?}", seen.pixel(16, 16));
    }
}

#[test]
fn an_invisible_mark_survives_jpeg_and_cutting() {
    let source = picture(640, 480);
    let marked = run(&png(&source), "iopcmd=mark&text=c2hvcC00Mg").body;
    assert!(ssim(&seen(&marked), &source) > 0.95);
    let read = |bytes: &[u8]| try_run(bytes, "iopcmd=readmark").map(|o| String::from_utf8(o.body).expect("JSON"));
    let found = Ok("{\"mark\":\"shop-42\"}".to_owned());
    assert_eq!(read(&marked), found);
    let squeezed = run(&marked, "iopcmd=convert&dst=jpg&Q=70").body;
    assert_eq!(read(&squeezed), found, "JPEG q70");
    // A tenth is cut off each side's length, off the squares of eight; then squeezed again.
    let cut = run(&squeezed, "iopcmd=crop&width=576&height=432&ax=37&ay=29|iopcmd=convert&dst=jpg&Q=70").body;
    assert_eq!(read(&cut), found, "JPEG q70, cut, JPEG q70");
    assert_eq!(read(&png(&source)).expect_err("there is none").code(), "no_mark");
}

#[test]
fn documents_say_what_the_header_says() {
    let photo = crate::scene::with_orientation(&jpeg(&picture(40, 30), 77), 6);
    let answer = |query: &str| {
        let output = run(&photo, query);
        assert_eq!(output.media_type, "application/json");
        serde_json::from_slice::<serde_json::Value>(&output.body).expect("JSON")
    };
    let info = answer("iopcmd=imageinfo");
    assert_eq!((&info["width"], &info["height"], &info["format"]), (&40.into(), &30.into(), &"JPEG".into()));
    assert_eq!((&info["orientation"], &info["quality"]), (&6.into(), &77.into()));
    assert!(
        answer("iopcmd=exif")["Orientation"].as_str().is_some_and(|text| text.contains("right")),
        "{}",
        answer("iopcmd=exif")
    );
    let hue = run(&png(&Raster::filled(9, 9, Layout::Rgb, &[1, 171, 255])), "iopcmd=averagehue").body;
    assert_eq!(String::from_utf8(hue).expect("JSON"), "{\"RGB\":\"0x01abff\"}");
}
