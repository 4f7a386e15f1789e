//! Profiles, inks and sixteen bits.

use doorstep_images::{Layout, Raster, probe};
use moxcms::ColorProfile;

use crate::scene::{jpeg, png, run, seen, with_segment};

fn with_profile(jpeg: &[u8], profile: &ColorProfile) -> Vec<u8> {
    let mut payload = b"ICC_PROFILE\0\x01\x01".to_vec();
    payload.extend(profile.encode().expect("a profile has bytes"));
    with_segment(jpeg, 0xe2, &payload)
}

#[test]
fn wide_colours_are_converted_and_the_profile_is_gone() {
    let flat = Raster::filled(64, 64, Layout::Rgb, &[200, 100, 100]);
    let wide = with_profile(&jpeg(&flat, 95), &ColorProfile::new_display_p3());
    assert!(probe(&wide).expect("a JPEG").profile);
    for query in ["iopcmd=convert&dst=png", "iopcmd=thumbnail&type=4&width=16|iopcmd=convert&dst=png"] {
        let output = run(&wide, query);
        let seen = seen(&output.body);
        let pixel = seen.pixel(8, 8);
        // The same colour has larger steps between its channels in the smaller space.
        assert!(pixel[0] > 206 && pixel[1] < 98, "{pixel:?}");
        assert!(!probe(&output.body).expect("a PNG").profile);
    }
    let plain = seen(&jpeg(&flat, 95));
    assert!(plain.pixel(8, 8)[0].abs_diff(200) < 3);
}

#[test]
fn inks_become_colours() {
    // Full yellow and magenta are red; Adobe's files have them upside down.
    let inks = [255_u8, 0, 0, 255].repeat(32 * 32);
    let image = turbojpeg::Image {
        pixels: inks.as_slice(),
        width: 32,
        pitch: 128,
        height: 32,
        format: turbojpeg::PixelFormat::CMYK,
    };
    let mut compressor = turbojpeg::Compressor::new().expect("libjpeg-turbo");
    compressor.set_subsamp(turbojpeg::Subsamp::None).expect("known");
    compressor.set_quality(95).expect("known");
    let bytes = compressor.compress_to_vec(image).expect("a JPEG");
    assert_eq!(probe(&bytes).expect("a JPEG").channels, 4);
    for query in ["iopcmd=convert&dst=png", "iopcmd=thumbnail&type=4&width=8|iopcmd=convert&dst=png"] {
        let seen = seen(&run(&bytes, query).body);
        let pixel = seen.pixel(4, 4);
        assert!(pixel[0] > 240 && pixel[1] < 15 && pixel[2] < 15, "{pixel:?}");
    }
}

#[test]
fn sixteen_bits_and_grey_are_read() {
    let words: Vec<u8> =
        (0..64_u32 * 16).flat_map(|ix| u16::try_from(ix % 64 * 1040).expect("16 bits").to_ne_bytes()).collect();
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    image::ImageEncoder::write_image(encoder, &words, 64, 16, image::ExtendedColorType::L16).expect("a PNG");
    let header = probe(&bytes).expect("a PNG");
    assert_eq!((header.depth, header.channels), (16, 1));
    let seen = seen(&bytes);
    for x in [0_u32, 31, 63] {
        assert_eq!(u32::from(seen.pixel(x, 3)[0]), (x * 1040 + 128) / 257);
    }
    // Grey stays grey where nothing colours it.
    let gray = jpeg(&Raster::filled(16, 16, Layout::Gray, &[99]), 80);
    assert_eq!(probe(&gray).expect("a JPEG").channels, 1);
}

#[test]
fn a_gain_map_is_known_and_left_out() {
    let base = jpeg(&Raster::filled(32, 32, Layout::Rgb, &[50, 60, 70]), 90);
    let mut ultra = with_segment(&base, 0xe1, b"http://ns.adobe.com/xap/1.0/\0<x hdrgm:Version=\"1.0\"/>");
    // The second picture lies behind the end of the first.
    ultra.extend(jpeg(&Raster::filled(8, 8, Layout::Gray, &[255]), 90));
    assert!(probe(&ultra).expect("a JPEG").gain_map);
    let output = run(&ultra, "iopcmd=convert&Q=90");
    assert!(!probe(&output.body).expect("a JPEG").gain_map);
    assert!(seen(&output.body).pixel(9, 9)[0].abs_diff(50) < 3);
}

#[test]
fn vector_drawings_are_drawn_at_the_size_that_is_asked_for() {
    let svg = br##"<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10">
        <rect width="10" height="10" fill="#00f"/><image href="file:///etc/passwd" width="9" height="9"/></svg>"##;
    let big = seen(&run(svg, "iopcmd=thumbnail&type=4&width=400").body);
    assert_eq!((big.size(), big.pixel(198, 100), big.pixel(201, 100)[3]), ((400, 200), &[0, 0, 255, 255][..], 0));
    let cut =
        seen(&run(svg, "iopcmd=crop&width=10&height=10&gravity=NorthEast|iopcmd=thumbnail&type=4&width=100").body);
    assert_eq!((cut.size(), cut.is_transparent()), ((100, 100), true));
    let png = png(&Raster::filled(4, 4, Layout::Rgb, &[1, 2, 3]));
    assert_eq!(seen(&png).pixel(0, 0), [1, 2, 3]);
}
