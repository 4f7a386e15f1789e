//! Small pictures made here, and ways to judge others by them.

use doorstep_images::grammar::iopcmd;
use doorstep_images::{ImageError, Layout, Limits, Output, Raster, pixels, process};
use image::{ExtendedColorType, ImageEncoder as _};

/// Hills, stripes and a red square at the top left: every turn and mirror of it looks different.
pub(crate) fn picture(width: u32, height: u32) -> Raster {
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (fx, fy) = (f64::from(x), f64::from(y));
            let v = 128.0 + 55.0 * (fx / 19.0).sin() + 45.0 * (fy / 31.0).cos() + 20.0 * ((fx + fy) / 5.0).sin();
            let red = x < width / 4 && y < height / 4;
            let byte = |value: f64| value.clamp(0.0, 255.0) as u8;
            data.extend(if red { [230, 20, 30] } else { [byte(v), byte(v * 0.9), byte(220.0 - v * 0.7)] });
        }
    }
    Raster::new(width, height, Layout::Rgb, data).expect("all pixels are there")
}

/// The picture as PNG.
pub(crate) fn png(raster: &Raster) -> Vec<u8> {
    let color = match raster.layout {
        Layout::Gray => ExtendedColorType::L8,
        Layout::Rgba => ExtendedColorType::Rgba8,
        _ => ExtendedColorType::Rgb8,
    };
    let mut out = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut out);
    encoder.write_image(&raster.data, raster.width, raster.height, color).expect("a PNG");
    out
}

/// The picture as JPEG of this quality.
pub(crate) fn jpeg(raster: &Raster, quality: u8) -> Vec<u8> {
    run(&png(raster), &format!("iopcmd=convert&dst=jpg&Q={quality}")).body
}

pub(crate) fn try_run(source: &[u8], query: &str) -> Result<Output, ImageError> {
    let pipeline = iopcmd::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    process(source, &pipeline, &Limits::default(), &|_| Err("there are none".to_owned()))
}

pub(crate) fn run(source: &[u8], query: &str) -> Output {
    try_run(source, query).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// What a pipeline makes of a PNG, as pixels without loss.
pub(crate) fn made(source: &[u8], query: &str) -> Raster {
    let query = format!("{query}|iopcmd=convert&dst=png");
    seen(&run(source, &query).body)
}

pub(crate) fn seen(source: &[u8]) -> Raster {
    pixels(source, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn luma(raster: &Raster) -> Vec<f64> {
    let bytes = raster.layout.bytes();
    raster
        .data
        .chunks_exact(bytes)
        .map(|p| match bytes {
            1 | 2 => f64::from(p[0]),
            _ => 0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2]),
        })
        .collect()
}

/// Structural similarity (Wang and others, 2004) of the brightness: the mean over windows of 8 × 8.
pub(crate) fn ssim(a: &Raster, b: &Raster) -> f64 {
    assert_eq!(a.size(), b.size());
    let (width, height) = (a.width as usize, a.height as usize);
    let (la, lb) = (luma(a), luma(b));
    let side = 8.min(width).min(height);
    let (mut sum, mut count) = (0.0, 0.0);
    for top in (0..=height - side).step_by(4) {
        for left in (0..=width - side).step_by(4) {
            let (mut ma, mut mb, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for y in top..top + side {
                for x in left..left + side {
                    let (va, vb) = (la[y * width + x], lb[y * width + x]);
                    (ma, mb, aa, bb, ab) = (ma + va, mb + vb, aa + va * va, bb + vb * vb, ab + va * vb);
                }
            }
            let n = (side * side) as f64;
            let (ma, mb) = (ma / n, mb / n);
            let (va, vb, cov) = (aa / n - ma * ma, bb / n - mb * mb, ab / n - ma * mb);
            let (c1, c2) = (6.5025, 58.5225);
            sum += (2.0 * ma * mb + c1) * (2.0 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
            count += 1.0;
        }
    }
    sum / count
}

/// The mean of the source's pixels under each pixel of a smaller picture: slow, and beyond doubt.
pub(crate) fn area_mean(source: &Raster, width: u32, height: u32) -> Raster {
    let bytes = source.layout.bytes();
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let span = |at: u32, new: u32, old: u32| {
                let (from, to) = (at * old / new, ((at + 1) * old).div_ceil(new));
                from..to.max(from + 1)
            };
            let mut sums = vec![0_u32; bytes];
            let mut count = 0;
            for sy in span(y, height, source.height) {
                for sx in span(x, width, source.width) {
                    sums.iter_mut().zip(source.pixel(sx, sy)).for_each(|(sum, v)| *sum += u32::from(*v));
                    count += 1;
                }
            }
            data.extend(sums.into_iter().map(|sum| u8::try_from(sum / count).expect("a mean of bytes")));
        }
    }
    Raster::new(width, height, source.layout, data).expect("all pixels are there")
}

/// The largest difference of any channel.
pub(crate) fn farthest(a: &Raster, b: &Raster) -> u8 {
    assert_eq!((a.size(), a.layout), (b.size(), b.layout));
    a.data.iter().zip(&b.data).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

/// Puts a segment behind a JPEG's first marker.
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, marker]);
    out.extend(u16::try_from(payload.len() + 2).expect("short").to_be_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(&jpeg[2..]);
    out
}

/// A JPEG that says that it lies this way.
pub(crate) fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    with_segment(jpeg, 0xe1, &exif)
}

/// A picture of 120 by 90 with something for every operation to get wrong: a sky that fades, a sun with a round edge,
/// a red shop with a window at the left, a board of small squares, stripes from wide to fine, and all hues.
pub(crate) fn rich() -> Raster {
    let mut data = Vec::new();
    for y in 0..90_i32 {
        for x in 0..120_i32 {
            data.extend(rich_pixel(x, y));
        }
    }
    Raster::new(120, 90, Layout::Rgb, data).expect("all pixels are there")
}

fn rich_pixel(x: i32, y: i32) -> [u8; 3] {
    let byte = |value: i32| value.clamp(0, 255) as u8;
    if f64::from(x - 92).hypot(f64::from(y - 22)) < 14.0 {
        return [250, 205, 40];
    }
    if (14..46).contains(&x) && (34..70).contains(&y) {
        let window = (20..40).contains(&x) && (40..58).contains(&y);
        let frame = (29..31).contains(&x) || (48..50).contains(&y);
        return match (window, frame) {
            (true, true) => [255; 3],
            (true, false) => [20, 30, 90],
            _ => [190, 40, 30],
        };
    }
    if y >= 78 {
        // Hues once around.
        let ramp = |shift: i32| byte(((x * 6 + shift).rem_euclid(720) - 360).abs() - 60);
        return [ramp(0), ramp(480), ramp(240)];
    }
    if (54..112).contains(&x) && (50..66).contains(&y) {
        // Each stripe is as wide as its distance to the right edge allows.
        let phase = (112 - x) * (112 - x) / 120;
        return if phase % 2 == 0 { [10, 10, 10] } else { [245, 245, 245] };
    }
    if y >= 60 {
        return if (x / 5 + y / 5) % 2 == 0 { [60, 140, 60] } else { [130, 190, 90] };
    }
    [byte(80 + y * 2), byte(140 + y), byte(230 + y / 4)]
}

/// A blue square that walks over an orange screen of 60 by 40 in five frames, leaving nothing behind.
pub(crate) fn walk() -> Vec<u8> {
    let mut out = Vec::new();
    let palette = [0, 0, 0, 250, 160, 40, 30, 60, 220, 255, 255, 255];
    let mut encoder = gif::Encoder::new(&mut out, 60, 40, &palette).expect("a GIF");
    for ix in 0..5_u16 {
        let frame = if ix == 0 {
            gif::Frame { width: 60, height: 40, buffer: vec![1; 2400].into(), delay: 10, ..gif::Frame::default() }
        } else {
            // A white rim at the left of the square tells which way is which.
            let buffer: Vec<u8> = (0..144).map(|at| if at % 12 < 3 { 3 } else { 2 }).collect();
            gif::Frame {
                left: ix * 10,
                top: ix * 6,
                width: 12,
                height: 12,
                buffer: buffer.into(),
                delay: 10,
                dispose: gif::DisposalMethod::Previous,
                ..gif::Frame::default()
            }
        };
        encoder.write_frame(&frame).expect("a GIF");
    }
    drop(encoder);
    out
}
