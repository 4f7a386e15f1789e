//! Every operation on one rich picture, against small pictures that were looked at by eye: `golden/NAME.png`.
//!
//! `UPDATE_GOLDEN=1` writes them anew. Whoever does so looks at each that changed.

use std::collections::HashSet;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use doorstep_images::{Layout, Limits, Orientation, Raster, Rect, grammar, process};

use crate::alike::{Within, alike};
use crate::scene::{jpeg, png, rich, run, seen, walk, with_orientation};

/// What a row begins with.
#[derive(Clone, Copy)]
enum Of {
    /// The rich picture of 120 by 90, as PNG.
    Scene,
    /// The same, standing upright on its short side.
    Tall,
    /// The same, fading out towards its edges.
    Faded,
    /// The same in a white frame, unevenly.
    Framed,
    /// The same as a JPEG of quality 92.
    Photo,
    /// The same as a JPEG that lies as this EXIF number says.
    Lying(u8),
    /// A square that walks over a screen of 60 by 40 in five frames, as GIF.
    Gif,
    /// The same as WebP.
    WebP,
}
use Of::{Faded, Framed, Gif, Lying, Photo, Scene, Tall, WebP};

impl Of {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Scene => png(&rich()),
            Self::Tall => png(&rich().turned(Orientation::from_exif(6))),
            Self::Faded => png(&faded()),
            Self::Framed => {
                let frame = "iopcmd=pad&left=10&top=6&right=20&bottom=14|iopcmd=convert&dst=png";
                run(&png(&rich()), frame).body
            }
            Self::Photo => jpeg(&rich(), 92),
            Self::Lying(number) => {
                let stored = rich().turned(Orientation::from_exif(number.into()).inverse());
                with_orientation(&jpeg(&stored, 92), number)
            }
            Self::Gif => walk(),
            Self::WebP => run(&walk(), "iopcmd=convert&dst=webp&Q=100").body,
        }
    }
}

/// The rich picture, opaque at its middle and clear at its corners.
fn faded() -> Raster {
    let mut raster = rich().with_alpha();
    let width = raster.width as usize;
    for (ix, pixel) in raster.data.chunks_exact_mut(4).enumerate() {
        let (x, y) = ((ix % width) as f64 - 60.0, (ix / width) as f64 - 45.0);
        pixel[3] = (300.0 - 4.0 * x.hypot(y * 1.2)).clamp(0.0, 255.0) as u8;
    }
    raster
}

/// A red ring on nothing, for watermarks.
fn logo() -> Vec<u8> {
    let mut raster = Raster::filled(32, 32, Layout::Rgba, &[0; 4]);
    for (ix, pixel) in raster.data.chunks_exact_mut(4).enumerate() {
        let far = ((ix % 32) as f64 - 15.5).hypot((ix / 32) as f64 - 15.5);
        if (8.0..15.0).contains(&far) {
            pixel.copy_from_slice(if ix % 32 < 16 { &[220, 20, 40, 255] } else { &[250, 250, 250, 255] });
        }
    }
    png(&raster)
}

/// Name, source, pipeline in any grammar. What stands in braces is put into URL-safe Base64.
#[rustfmt::skip]
const TABLE: &[(&str, Of, &str)] = &[
    // All fifteen thumbnails; some on a picture that stands as well.
    ("thumbnail-01-scale", Scene, "iopcmd=thumbnail&type=1&scale=50"),
    ("thumbnail-01-enlarge", Scene, "iopcmd=crop&width=40&height=30&ax=10&ay=30|iopcmd=thumbnail&type=1&scale=250"),
    ("thumbnail-02-height-scale", Scene, "iopcmd=thumbnail&type=2&scale=50"),
    ("thumbnail-03-width-scale", Scene, "iopcmd=thumbnail&type=3&scale=50"),
    ("thumbnail-04-width", Scene, "iopcmd=thumbnail&type=4&width=75"),
    ("thumbnail-05-height", Scene, "iopcmd=thumbnail&type=5&height=50"),
    ("thumbnail-06-long-side", Scene, "iopcmd=thumbnail&type=6&width=72&height=40"),
    ("thumbnail-06-long-side-tall", Tall, "iopcmd=thumbnail&type=6&width=72&height=40"),
    ("thumbnail-07-short-side", Scene, "iopcmd=thumbnail&type=7&width=72&height=40"),
    ("thumbnail-07-short-side-tall", Tall, "iopcmd=thumbnail&type=7&width=50&height=40"),
    ("thumbnail-08-cover-cut", Scene, "iopcmd=thumbnail&type=8&width=50&height=50"),
    ("thumbnail-08-cover-cut-tall", Tall, "iopcmd=thumbnail&type=8&width=50&height=50"),
    ("thumbnail-08-cover-cut-east", Scene, "iopcmd=thumbnail&type=8&width=40&height=60&gravity=East"),
    ("thumbnail-08-cover-cut-smart", Scene, "iopcmd=thumbnail&type=8&width=40&height=60&gravity=smart"),
    ("thumbnail-09-inside", Scene, "iopcmd=thumbnail&type=9&width=80&height=40"),
    ("thumbnail-10-cover", Scene, "iopcmd=thumbnail&type=10&width=60&height=60"),
    ("thumbnail-11-stretch", Scene, "iopcmd=thumbnail&type=11&width=50&height=80"),
    ("thumbnail-12-canvas", Scene, "iopcmd=thumbnail&type=12&width=140&height=80&color=ff8800"),
    ("thumbnail-13-cover-cut", Scene, "iopcmd=thumbnail&type=13&width=90&height=30"),
    ("thumbnail-14-shrink-inside", Scene, "iopcmd=thumbnail&type=14&width=64&height=64"),
    ("thumbnail-15-pad", Scene, "iopcmd=thumbnail&type=15&width=80&height=80&color=gray"),
    ("thumbnail-faded", Faded, "iopcmd=thumbnail&type=4&width=60"),
    ("thumbnail-photo", Photo, "iopcmd=thumbnail&type=4&width=30|iopcmd=convert&dst=png"),
    // Turns, mirrors and cuts.
    ("rotate-90", Scene, "iopcmd=rotate&degree=90"),
    ("rotate-180", Scene, "iopcmd=rotate&degree=180"),
    ("rotate-270", Scene, "iopcmd=rotate&degree=270"),
    ("rotate-30", Scene, "iopcmd=rotate&degree=30"),
    ("rotate-200-photo", Photo, "iopcmd=rotate&degree=200|iopcmd=convert&Q=95"),
    ("flip-x", Scene, "iopcmd=flip&axis=x"),
    ("flip-y", Scene, "iopcmd=flip&axis=y"),
    ("crop-anchor", Scene, "iopcmd=crop&width=50&height=40&ax=8&ay=28"),
    ("crop-northwest", Scene, "iopcmd=crop&width=40&height=30&gravity=NorthWest"),
    ("crop-north", Scene, "iopcmd=crop&width=40&height=30&gravity=North"),
    ("crop-northeast", Scene, "iopcmd=crop&width=40&height=30&gravity=NorthEast"),
    ("crop-west", Scene, "iopcmd=crop&width=40&height=30&gravity=West"),
    ("crop-center", Scene, "iopcmd=crop&width=40&height=30&gravity=Center"),
    ("crop-east", Scene, "iopcmd=crop&width=40&height=30&gravity=East"),
    ("crop-southwest", Scene, "iopcmd=crop&width=40&height=30&gravity=SouthWest"),
    ("crop-south", Scene, "iopcmd=crop&width=40&height=30&gravity=South"),
    ("crop-southeast", Scene, "iopcmd=crop&width=40&height=30&gravity=SouthEast"),
    ("crop-gravity-wins", Scene, "iopcmd=crop&width=40&height=30&gravity=SouthEast&ax=30&ay=20"),
    ("crop-gravity-offset", Scene, "iopcmd=crop&width=40&height=30&gravity=SouthEast&dx=30&dy=20"),
    ("crop-focus", Scene, "iopcmd=crop&width=40&height=30&gravity=Focus&fx=0.77&fy=0.25"),
    ("trim", Framed, "iopcmd=trim"),
    ("trim-equal", Framed, "iopcmd=trim&equalx=1&equaly=1|iopcmd=thumbnail&type=4&width=100"),
    ("indexcrop-x", Scene, "iopcmd=indexcrop&x=50&i=1"),
    ("indexcrop-y", Scene, "iopcmd=indexcrop&y=30&i=2"),
    ("smartcrop", Scene, "iopcmd=smartcrop&width=50&height=40"),
    ("pad", Scene, "iopcmd=thumbnail&type=4&width=60|iopcmd=pad&left=4&top=8&right=12&bottom=16&color=0000ff80"),
    ("auto-orient-off", Lying(6), "iopcmd=auto-orient&value=0|iopcmd=convert&dst=png"),
    // Shapes.
    ("circle", Scene, "iopcmd=circle&r=40"),
    ("circle-photo", Photo, "iopcmd=circle&r=30|iopcmd=convert&Q=95"),
    ("rounded-corners", Scene, "iopcmd=rounded-corners&r=25"),
    ("rounded-corners-faded", Faded, "iopcmd=rounded-corners&r=30"),
    ("flatten", Faded, "iopcmd=flatten&color=008080"),
    // Tones.
    ("bright-up", Scene, "iopcmd=bright&value=30"),
    ("bright-down", Scene, "iopcmd=bright&value=-40"),
    ("contrast-up", Scene, "iopcmd=contrast&value=40"),
    ("contrast-down", Scene, "iopcmd=contrast&value=-60"),
    ("sharpen", Scene, "iopcmd=sharpen&radius=2&sigma=1.5"),
    ("sharpen-strong", Scene, "iopcmd=sharpen&sigma=3&amount=300"),
    ("blur-box", Scene, "iopcmd=blur&type=1&radius=4&sigma=3"),
    ("blur-gauss", Scene, "iopcmd=blur&type=2&radius=9&sigma=3"),
    ("blur-faded", Faded, "iopcmd=blur&type=2&sigma=4"),
    ("blur-area", Scene, "iopcmd=blur&type=2&sigma=5&width=50&height=40&ax=6&ay=30"),
    ("blur-area-gravity", Scene, "iopcmd=blur&type=1&radius=6&width=60&height=40&gravity=SouthEast"),
    // Watermarks.
    ("watermark-english", Scene, "iopcmd=watermark&type=1&text={Doorstep}&fontsize=22&fill={000000}&gravity=Center&ax=0&ay=0"),
    ("watermark-chinese", Scene, "iopcmd=watermark&type=1&text={门店送货}&fontsize=24&gravity=SouthEast&ax=4&ay=4"),
    ("watermark-both-shadow", Scene, "iopcmd=watermark&type=1&text={送货 Fast!}&fontsize=20&shadow=80&ax=6&ay=40"),
    ("watermark-turned", Scene, "iopcmd=watermark&type=1&text={Doorstep 门}&fontsize=20&rotate=30&fill={000080}&opacity=60"),
    ("watermark-text-tiled", Scene, "iopcmd=watermark&type=1&text={店 Shop}&fontsize=14&rotate=45&tile=1&opacity=70"),
    ("watermark-picture", Scene, "iopcmd=watermark&type=2&imageurl={logo}&gravity=NorthEast&ax=5&ay=5"),
    ("watermark-picture-faint", Scene, "iopcmd=watermark&type=2&imageurl={logo}&gravity=Center&ax=0&ay=0&opacity=40&scale=50"),
    ("watermark-picture-tiled", Scene, "iopcmd=watermark&type=2&imageurl={logo}&tile=1&ax=3&ay=3&scale=20&rotate=15"),
    ("watermark-picture-on-clear", Faded, "iopcmd=watermark&type=2&imageurl={logo}&ax=0&ay=0"),
    ("mark", Scene, "iopcmd=thumbnail&type=1&scale=300|iopcmd=mark&text={shop-42}|iopcmd=thumbnail&type=4&width=150"),
    // Formats.
    ("convert-jpg", Scene, "iopcmd=convert&dst=jpg&Q=60"),
    ("convert-jpg-faded", Faded, "iopcmd=convert&dst=jpg&Q=95"),
    ("convert-png", Photo, "iopcmd=convert&dst=png"),
    ("convert-bmp", Scene, "iopcmd=convert&dst=bmp"),
    ("convert-webp", Scene, "iopcmd=convert&dst=webp&Q=60"),
    ("convert-webp-faded", Faded, "iopcmd=convert&dst=webp&Q=90"),
    ("convert-avif", Scene, "iopcmd=convert&dst=avif&Q=60"),
    ("convert-avif-faded", Faded, "iopcmd=convert&dst=avif&Q=80"),
    ("convert-gif", Scene, "iopcmd=convert&dst=gif"),
    ("convert-gif-faded", Faded, "iopcmd=convert&dst=gif"),
    ("convert-relative", Photo, "iopcmd=convert&q=30"),
    ("convert-bytes", Photo, "iopcmd=convert&dst=jpg&bytes=2500"),
    ("interlace", Scene, "iopcmd=interlace&value=1"),
    // Animations.
    ("gif-first", Gif, "iopcmd=thumbnail&type=1&scale=150&gifmode=2"),
    ("gif-middle", Gif, "iopcmd=convert&dst=png&fr=0.5"),
    ("gif-last", Gif, "iopcmd=convert&dst=png&fr=1.0"),
    ("webp-first", WebP, "iopcmd=convert&dst=png&fr=0"),
    ("webp-last", WebP, "iopcmd=convert&dst=png&fr=1"),
    ("gif-turned-last", Gif, "iopcmd=frames&fr=1|iopcmd=rotate&degree=90|iopcmd=convert&dst=png"),
    // Documents.
    ("imageinfo", Lying(6), "iopcmd=imageinfo"),
    ("exif", Lying(6), "iopcmd=exif"),
    ("averagehue", Scene, "iopcmd=averagehue"),
    // Alibaba's words for the same.
    ("oss-resize-lfit", Scene, "image/resize,w_80,h_40"),
    ("oss-resize-mfit", Scene, "image/resize,m_mfit,w_50,h_50"),
    ("oss-resize-fill", Scene, "image/resize,m_fill,w_50,h_50"),
    ("oss-resize-pad", Scene, "image/resize,m_pad,w_80,h_80,color_00FF00"),
    ("oss-resize-fixed", Scene, "image/resize,m_fixed,w_50,h_80"),
    ("oss-resize-percent", Scene, "image/resize,p_60"),
    ("oss-resize-long", Tall, "image/resize,l_60"),
    ("oss-resize-short", Tall, "image/resize,s_40"),
    ("oss-crop", Scene, "image/crop,w_50,h_40,g_se,x_10,y_5"),
    ("oss-indexcrop", Scene, "image/indexcrop,x_50,i_1"),
    ("oss-circle", Scene, "image/circle,r_30"),
    ("oss-rounded-corners", Scene, "image/rounded-corners,r_20"),
    ("oss-rotate", Scene, "image/rotate,70"),
    ("oss-bright-contrast", Scene, "image/bright,20/contrast,-30"),
    ("oss-sharpen", Scene, "image/sharpen,200"),
    ("oss-blur", Scene, "image/blur,r_5,s_3"),
    ("oss-watermark-text", Scene, "image/watermark,text_{门店 Shop},size_22,color_FFFFFF,shadow_60,g_south,y_6"),
    ("oss-watermark-picture", Scene, "image/watermark,image_{logo?x-oss-process=image/resize,P_30},g_nw,x_4,y_4,t_80"),
    ("oss-watermark-fill", Scene, "image/watermark,text_{店},size_16,fill_1,rotate_30,t_60"),
    ("oss-quality-format", Scene, "image/quality,Q_40/format,webp"),
    ("oss-auto-orient", Lying(8), "image/auto-orient,0/format,png"),
    ("oss-interlace", Photo, "image/format,jpg/interlace,1"),
    ("oss-average-hue", Scene, "image/average-hue"),
    ("oss-info", Photo, "image/info"),
    // imgproxy's.
    ("imgproxy-fit", Scene, "/_/rs:fit:80:40/plain/_"),
    ("imgproxy-fill", Scene, "/_/rs:fill:50:50/g:noea/plain/_"),
    ("imgproxy-fill-offset", Scene, "/_/rs:fill:40:60/g:we:12:0/plain/_"),
    ("imgproxy-fill-smart", Scene, "/_/rs:fill:40:60/g:sm/plain/_"),
    ("imgproxy-force", Scene, "/_/rs:force:50:80/plain/_"),
    ("imgproxy-fill-focus", Scene, "/_/rs:fill:40:60/g:fp:0.25:0.6/plain/_"),
    ("imgproxy-fill-down", Scene, "/_/rs:fill-down:400:200/plain/_"),
    ("imgproxy-fill-down-small", Scene, "/_/rs:fill-down:50:50/g:we/plain/_"),
    ("imgproxy-auto-alike", Scene, "/_/rs:auto:80:40/plain/_"),
    ("imgproxy-auto-across", Tall, "/_/rs:auto:80:40/plain/_"),
    ("imgproxy-least", Scene, "/_/rs:fit:60:60/mh:60/g:we/plain/_"),
    ("imgproxy-least-alone", Scene, "/_/c:60:45/mw:90/plain/_"),
    ("imgproxy-trim", Framed, "/_/t:10:ffffff/w:60/plain/_"),
    ("imgproxy-crop", Scene, "/_/c:60:40:soea:10:5/plain/_"),
    ("imgproxy-extend-pad", Scene, "/_/rs:fit:60:60:0:1/bg:255:200:0/pd:4:8/plain/_"),
    ("imgproxy-turn-flip", Scene, "/_/w:60/rot:90/fl:1:0/plain/_"),
    ("imgproxy-tones", Scene, "/_/br:20/co:30/bl:1.5/sh:2/plain/_"),
    ("imgproxy-watermark", Scene, "/_/wm:0.6:soea:6:6:0.25/wmu:{logo}/plain/_"),
];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
}

/// Puts what stands in braces into Base64.
fn encoded(pipeline: &str) -> String {
    let mut out = String::new();
    let mut rest = pipeline;
    while let Some((before, after)) = rest.split_once('{') {
        let (inner, behind) = after.split_once('}').expect("braces come in pairs");
        out += before;
        out += &BASE64_URL_SAFE_NO_PAD.encode(inner);
        rest = behind;
    }
    out + rest
}

#[test]
fn every_operation_looks_as_it_did() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let (folder, logo) = (folder(), logo());
    let mut wrong = Vec::new();
    for (name, of, pipeline) in TABLE {
        // AVIF is written here, but seen by ffmpeg.
        if pipeline.contains("avif") && !crate::files::have_ffmpeg() {
            continue;
        }
        let parsed = grammar::parse(&encoded(pipeline)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let fetch = |source: &str| if source == "logo" { Ok(logo.clone()) } else { Err("unknown".to_owned()) };
        let done = process(&of.bytes(), &parsed, &Limits::default(), &fetch);
        let done = done.unwrap_or_else(|error| panic!("{name}: {error}"));
        let file = folder.join(format!("{name}.{}", if done.format.is_some() { "png" } else { "json" }));
        if update {
            let bytes = if done.format.is_some() { png(&seen(&done.body)) } else { done.body };
            std::fs::write(&file, bytes).expect("the folder is there");
            continue;
        }
        let Ok(golden) = std::fs::read(&file) else {
            wrong.push(format!("{name}: there is no {}: UPDATE_GOLDEN=1 writes it", file.display()));
            continue;
        };
        if done.format.is_none() {
            if done.body != golden {
                let [found, wanted] = [&done.body, &golden].map(|body| String::from_utf8_lossy(body).into_owned());
                wrong.push(format!("{name}: {found} is not {wanted}"));
            }
        } else if let Err(far) = alike(&seen(&done.body), &seen(&golden), &Within::OWN) {
            wrong.push(format!("{name}: {far}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One golden picture serves all eight ways to lie.
#[test]
fn however_a_photo_lies_it_comes_upright() {
    for number in 1..=8 {
        let upright = seen(&run(&Lying(number).bytes(), "iopcmd=convert&dst=png").body);
        // JPEG's squares of eight lie differently in each.
        let within = Within { ssim: 0.96, color: 3.0, square: 14.0, alpha: 0.0 };
        let far = alike(&upright, &rich(), &within);
        assert!(far.is_ok(), "{number}: {far:?}");
    }
}

#[test]
fn no_golden_picture_is_left_over() {
    let known: HashSet<&str> = TABLE.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(known.len(), TABLE.len(), "names are given once");
    for entry in std::fs::read_dir(folder()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(known.contains(name.as_str()), "{name} has no row in the table");
        assert!(std::fs::metadata(&path).expect("a file").len() < 40_000, "{name} is too large to keep");
    }
}

/// What the suite must not let through.
#[test]
fn a_wrong_picture_is_seen() {
    let golden = faded();
    assert!(alike(&golden, &golden, &Within::OWN).is_ok());
    let changed = |change: &dyn Fn(&mut [u8], usize, usize)| {
        let mut raster = golden.clone();
        for (ix, pixel) in raster.data.chunks_exact_mut(4).enumerate() {
            change(pixel, ix % 120, ix / 120);
        }
        raster
    };
    let in_block = |x: usize, y: usize| (60..68).contains(&x) && (40..48).contains(&y);
    let shifted = |dx: u32| {
        let mut raster = golden.cut(Rect { x: dx, y: 0, width: 120 - dx, height: 90 });
        raster = seen(&run(&png(&raster), &format!("iopcmd=pad&right={dx}&color=transparent")).body);
        raster
    };
    for (what, wrong) in [
        (
            "a square of eight pixels is darker",
            changed(&|p, x, y| {
                if in_block(x, y) {
                    p[..3].iter_mut().for_each(|v| *v = v.saturating_sub(12));
                }
            }),
        ),
        (
            "a square of eight pixels is black",
            changed(&|p, x, y| {
                if in_block(x, y) {
                    p[..3].fill(0);
                }
            }),
        ),
        ("red and blue are swapped", changed(&|p, _, _| p.swap(0, 2))),
        ("it is a little brighter", changed(&|p, _, _| p[..3].iter_mut().for_each(|v| *v = v.saturating_add(3)))),
        ("it is less opaque", changed(&|p, _, _| p[3] = p[3].saturating_sub(4))),
        (
            "opacity is multiplied in",
            changed(&|p, _, _| {
                let alpha = u16::from(p[3]);
                p[..3].iter_mut().for_each(|v| *v = (u16::from(*v) * alpha / 255) as u8);
            }),
        ),
        ("it is upside down", golden.clone().turned(Orientation::from_exif(3))),
        ("it is mirrored", golden.clone().turned(Orientation::from_exif(2))),
        ("it has moved by a pixel", shifted(1)),
        ("it is softer", seen(&run(&png(&golden), "iopcmd=blur&type=2&sigma=0.7").body)),
        ("it is cut", golden.cut(Rect { x: 0, y: 0, width: 119, height: 90 })),
    ] {
        assert!(alike(&wrong, &golden, &Within::OWN).is_err(), "{what}: {:?}", crate::alike::distance(&wrong, &golden));
    }
}
