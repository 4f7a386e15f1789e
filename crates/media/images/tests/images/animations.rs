//! Animations stay animations, frame by frame.

use doorstep_images::{Format, probe};

use crate::scene::{run, seen};

/// A square that wanders over a screen which is drawn piece by piece.
fn wandering(frames: u16, repeat: gif::Repeat) -> Vec<u8> {
    let mut out = Vec::new();
    let palette = [0, 0, 0, 255, 0, 0, 0, 0, 255];
    let mut encoder = gif::Encoder::new(&mut out, 60, 40, &palette).expect("a GIF");
    encoder.set_repeat(repeat).expect("a GIF");
    for ix in 0..frames {
        let mut frame = if ix == 0 {
            gif::Frame { width: 60, height: 40, buffer: vec![2; 2400].into(), ..gif::Frame::default() }
        } else {
            // Gone again before the next.
            let dispose = gif::DisposalMethod::Previous;
            gif::Frame {
                left: ix * 5,
                top: 10,
                width: 10,
                height: 10,
                buffer: vec![1; 100].into(),
                dispose,
                ..gif::Frame::default()
            }
        };
        frame.delay = 5 + ix;
        encoder.write_frame(&frame).expect("a GIF");
    }
    drop(encoder);
    out
}

/// What an animation tells about itself: size, delays, loops, and where red is in each frame.
fn told(bytes: &[u8]) -> (Vec<u32>, u32, Vec<u32>) {
    let frames = probe(bytes).expect("an animation").frames;
    let red = (0..frames).map(|ix| {
        let part = if frames == 1 { 0.0 } else { f64::from(ix) / f64::from(frames - 1) };
        // A thousandth more, as the part is rounded down to a frame.
        let still = seen(&run(bytes, &format!("iopcmd=convert&dst=png&fr={:.3}", (part + 0.001).min(1.0))).body);
        let bytes = still.layout.bytes();
        let count = still.data.chunks_exact(bytes).filter(|p| p[0] > 150 && p[2] < 100).count();
        u32::try_from(count).expect("few")
    });
    let red = red.collect();
    let mut delays = Vec::new();
    let loops = if bytes.starts_with(b"GIF") {
        let mut decoder = gif::DecodeOptions::new().read_info(bytes).expect("a GIF");
        while let Some(frame) = decoder.read_next_frame().expect("a GIF") {
            delays.push(u32::from(frame.delay) * 10);
        }
        match decoder.repeat() {
            gif::Repeat::Infinite => 0,
            gif::Repeat::Finite(times) => u32::from(times) + 1,
        }
    } else {
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(bytes)).expect("a WebP");
        let mut buffer = vec![0; decoder.output_buffer_size().expect("small")];
        for _ in 0..decoder.num_frames() {
            delays.push(decoder.read_frame(&mut buffer).expect("a frame"));
        }
        match decoder.loop_count() {
            image_webp::LoopCount::Times(times) => u32::from(times.get()),
            image_webp::LoopCount::Forever => 0,
        }
    };
    (delays, loops, red)
}

#[test]
fn frames_delays_loops_and_disposal_come_through() {
    let source = wandering(5, gif::Repeat::Finite(2));
    let before = told(&source);
    assert_eq!(before, (vec![50, 60, 70, 80, 90], 3, vec![0, 100, 100, 100, 100]));
    for dst in ["gif", "webp"] {
        let output = run(&source, &format!("iopcmd=thumbnail&type=1&scale=200|iopcmd=convert&dst={dst}"));
        assert_eq!((output.width, output.height, output.frames), (120, 80, 5), "{dst}");
        let (delays, loops, red) = told(&output.body);
        assert_eq!((delays, loops), (before.0.clone(), 3), "{dst}");
        assert!(red[0] < 4 && red[1..].iter().all(|count| (320..480).contains(count)), "{dst}: {red:?}");
    }
    // There and back through the other container.
    let webp = run(&source, "iopcmd=convert&dst=webp").body;
    let back = run(&webp, "iopcmd=convert&dst=gif");
    assert_eq!((back.format, told(&back.body).0), (Some(Format::Gif), before.0));
}

#[test]
fn modes_drop_repeat_or_stretch_frames() {
    let source = wandering(6, gif::Repeat::Infinite);
    let limits = doorstep_images::Limits { frames: 3, ..doorstep_images::Limits::default() };
    let with = |mode: u8| {
        let query = format!("iopcmd=thumbnail&type=4&width=30&gifmode={mode}");
        let pipeline = doorstep_images::grammar::iopcmd::parse(&query).expect("known");
        let output = doorstep_images::process(&source, &pipeline, &limits, &|_| Err(String::new())).expect("small");
        (output.frames, told(&output.body).0)
    };
    assert_eq!(with(1), (3, vec![50, 60, 70]));
    assert_eq!(with(2), (1, vec![50]));
    assert_eq!(with(4), (3, vec![50, 70, 90]));
    assert_eq!(with(5), (6, vec![50, 50, 70, 70, 90, 90]));
    assert_eq!(with(6), (3, vec![100, 140, 180]));
    // A still format takes one.
    let still = run(&source, "iopcmd=convert&dst=jpg&fr=0.5");
    assert_eq!((still.frames, still.format), (1, Some(Format::Jpeg)));
}
