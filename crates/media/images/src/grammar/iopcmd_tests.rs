//! UFile's commands as its documentation has them, and that every pipeline's text means itself.

use proptest::prelude::*;

use super::*;

fn steps(query: &str) -> Vec<Step> {
    parse(query).unwrap_or_else(|error| panic!("{query}: {error}")).steps
}

fn refused(query: &str) -> (String, String, Problem) {
    let error = parse(query).expect_err(query);
    (error.command, error.parameter, *error.problem)
}

#[test]
fn the_documented_pipeline_in_three_spellings() {
    let expected = vec![Step::Rotate { degrees: 180 }, Step::Resize(Resize::new(Fit::Scale(40, 40)))];
    for bar in ["|", "%7C", "%7c"] {
        assert_eq!(steps(&format!("iopcmd=rotate&degree=180{bar}iopcmd=thumbnail&type=1&scale=40")), expected);
    }
    assert_eq!(steps("?iopcmd=rotate&degree=180%7Ciopcmd=thumbnail&type=1&scale=40"), expected);
    // As signers escape a value.
    assert_eq!(steps("iopcmd=rotate&degree=180%7Ciopcmd%3Dthumbnail&type=1&scale=40"), expected);
}

#[test]
fn all_fifteen_thumbnails() {
    let red = Color::rgb(255, 0, 0);
    for (query, fit, enlarge) in [
        ("type=1&scale=50", Fit::Scale(50, 50), true),
        ("type=2&scale=50", Fit::Scale(100, 50), true),
        ("type=3&scale=50", Fit::Scale(50, 100), true),
        ("type=4&width=9", Fit::Width(9), true),
        ("type=5&height=9", Fit::Height(9), true),
        ("type=6&width=9&height=8", Fit::LongSide(9, 8), true),
        ("type=7&width=9&height=8", Fit::ShortSide(9, 8), true),
        ("type=8&width=9&height=8", Fit::CoverCrop(9, 8, Some(Gravity::Center)), true),
        ("type=8&width=9", Fit::CoverCrop(9, 9, Some(Gravity::Center)), true),
        ("type=9&width=9&height=8", Fit::Inside(9, 8), true),
        ("type=10&width=9&height=8", Fit::Cover(9, 8), true),
        ("type=11&width=9&height=8", Fit::Stretch(9, 8), true),
        ("type=12&width=9&height=8&color=red", Fit::Canvas(9, 8, red), true),
        ("type=13&width=9&height=8&gravity=smart", Fit::CoverCrop(9, 8, None), true),
        ("type=14&width=9&height=8", Fit::Inside(9, 8), false),
        ("type=15&width=9&height=8&color=%23f00", Fit::Pad(9, 8, red), true),
        ("type=11&height=310&width=310", Fit::Stretch(310, 310), true),
    ] {
        assert_eq!(
            steps(&format!("iopcmd=thumbnail&{query}")),
            [Step::Resize(Resize { enlarge, ..Resize::new(fit) })],
            "{query}"
        );
    }
}

#[test]
fn output_is_gathered_from_several_commands() {
    let pipeline = parse("iopcmd=thumbnail&type=4&width=9&q=85|iopcmd=convert&dst=webp|iopcmd=convert&Q=0&fr=0.25")
        .expect("all known");
    let Deliver::Picture(encoding) = pipeline.deliver else { panic!("a picture") };
    assert_eq!(encoding.target, Target::Format(Format::WebP));
    assert_eq!(encoding.quality, Some(Quality::Absolute(1)));
    assert_eq!(pipeline.frames, Frames::At(250));
    let interlaced = parse("iopcmd=interlace&value=1").expect("known").deliver;
    let Deliver::Picture(encoding) = interlaced else { panic!("a picture") };
    assert!(encoding.interlace && encoding.target == Target::Format(Format::Jpeg));
}

#[test]
fn watermarks_carry_base64() {
    let query =
        "iopcmd=watermark&type=1&text=6Zeo5bqX&font=U2ltU3Vu&fontsize=20&fill=cmVk&gravity=SouthEast&opacity=50";
    let [Step::Watermark(mark)] = &steps(query)[..] else { panic!("one mark") };
    let Drawing::Text { text, font, color, .. } = &mark.drawing else { panic!("a text") };
    assert_eq!((text.as_str(), font.as_deref(), *color), ("门店", Some("SimSun"), Color::rgb(255, 0, 0)));
    assert_eq!((mark.place.gravity, mark.place.x, mark.opacity), (Gravity::SouthEast, 10, 50));
    let picture = parse("iopcmd=watermark&type=2&imageurl=aHR0cDovL2EvYi5wbmc").expect("known");
    assert_eq!(picture.overlays().collect::<Vec<_>>(), ["http://a/b.png"]);
}

#[test]
fn refusals_name_the_parameter() {
    for (query, command, parameter) in [
        ("iopcmd=thumbnail&type=16&width=1", "thumbnail", "type"),
        ("iopcmd=thumbnail&type=4", "thumbnail", "width"),
        ("iopcmd=thumbnail&type=4&width=0", "thumbnail", "width"),
        ("iopcmd=thumbnail&type=4&width=9&widht=9", "thumbnail", "widht"),
        ("iopcmd=thumbnail&type=4&width=9&width=8", "thumbnail", "width"),
        ("iopcmd=rotate&degree=361", "rotate", "degree"),
        ("iopcmd=rotate&degree=x", "rotate", "degree"),
        ("iopcmd=crop&gravity=Middle", "crop", "gravity"),
        ("iopcmd=circle", "circle", "r"),
        ("iopcmd=convert&dst=tiff", "convert", "dst"),
        ("iopcmd=watermark&type=1&text=%21%21", "watermark", "text"),
        ("iopcmd=watermark&type=1", "watermark", "text"),
        ("iopcmd=blur&width=5", "blur", "height"),
        ("iopcmd=mark&text=YWJjZGVmZ2hpamtsbW5vcHE", "mark", "text"),
        ("iopcmd=bogus", "bogus", ""),
        ("iopcmd=rotate&degree=9|iopcmd=trim", "trim", ""),
        ("iopcmd=crop&width=9&dx=5", "crop", "dx"),
        ("iopcmd=crop&gravity=Focus&fx=0.5", "crop", "fy"),
        ("iopcmd=imageinfo|iopcmd=rotate&degree=90", "rotate", ""),
        ("", "", ""),
        ("width=5", "", ""),
        ("iopcmd=rotate&degree=90|", "", ""),
    ] {
        let (at, name, problem) = refused(query);
        assert_eq!((at.as_str(), name.as_str()), (command, parameter), "{query}: {problem}");
    }
    assert!(matches!(refused(&"|iopcmd=rotate&degree=1".repeat(40)[1..]).2, Problem::Syntax(_)));
    assert!(matches!(refused(&"x".repeat(20_000)).2, Problem::Length { .. }));
}

/// UFile's documentation: an anchor counts only where there is no gravity.
#[test]
fn a_gravity_wins_over_an_anchor() {
    let place = |query: &str| match &parse(&format!("iopcmd=crop&width=9&height=9{query}")).expect(query).steps[..] {
        [Step::Crop { place, .. }] => *place,
        steps => panic!("{steps:?}"),
    };
    assert_eq!(place("&ax=3&ay=4"), Place { gravity: Gravity::NorthWest, x: 3, y: 4 });
    assert_eq!(place("&ax=3&ay=4&gravity=SouthEast"), Place::at(Gravity::SouthEast));
    assert_eq!(place("&ax=3&ay=4&gravity=NorthWest"), Place::at(Gravity::NorthWest));
    assert_eq!(place("&gravity=South&dx=3&dy=-4"), Place { gravity: Gravity::South, x: 3, y: -4 });
    // OSS measures from where its gravity points.
    let oss = crate::grammar::oss::parse("image/crop,w_9,h_9,g_se,x_3,y_4").expect("known");
    assert_eq!(oss.to_string(), "iopcmd=crop&width=9&height=9&gravity=SouthEast&dx=3&dy=4");
    assert_eq!(parse(&oss.to_string()), Ok(oss));
}

fn color() -> impl Strategy<Value = Color> {
    any::<[u8; 4]>().prop_map(|rgba| Color { rgba })
}

fn place(offset: std::ops::Range<i32>) -> impl Strategy<Value = Place> {
    (gravity(), offset.clone(), offset).prop_map(|(gravity, x, y)| Place { gravity, x, y })
}

fn gravity() -> impl Strategy<Value = Gravity> {
    let point = (0..=10_000_u16, 0..=10_000_u16).prop_map(|(x, y)| Gravity::Focus(x, y));
    prop_oneof![4 => (0..9_usize).prop_map(|g| Gravity::ALL[g]), 1 => point]
}

fn trim() -> impl Strategy<Value = Step> {
    (any::<u8>(), prop::option::of(color()), any::<(bool, bool)>())
        .prop_map(|(threshold, color, equal)| Step::Trim(Trim { threshold, color, equal }))
}

fn fit() -> impl Strategy<Value = Resize> {
    let side = || 1..=30_000_u32;
    let rule = prop_oneof![
        (1..=10_000_u32).prop_map(|p| Fit::Scale(p, p)),
        (1..=10_000_u32).prop_map(|p| Fit::Scale(100, p)),
        (1..=10_000_u32).prop_map(|p| Fit::Scale(p, 100)),
        side().prop_map(Fit::Width),
        side().prop_map(Fit::Height),
        (side(), side()).prop_map(|(w, h)| Fit::LongSide(w, h)),
        (side(), side()).prop_map(|(w, h)| Fit::ShortSide(w, h)),
        (side(), side()).prop_map(|(w, h)| Fit::Inside(w, h)),
        (side(), side()).prop_map(|(w, h)| Fit::Cover(w, h)),
        (side(), side()).prop_map(|(w, h)| Fit::Stretch(w, h)),
        (side(), side(), prop::option::of(gravity())).prop_map(|(w, h, g)| Fit::CoverCrop(w, h, g)),
        (side(), side(), prop::option::of(gravity())).prop_map(|(w, h, g)| Fit::CoverDown(w, h, g)),
        (side(), side(), prop::option::of(gravity())).prop_map(|(w, h, g)| Fit::Auto(w, h, g)),
        (side(), side(), color()).prop_map(|(w, h, c)| Fit::Pad(w, h, c)),
        (side(), side(), color()).prop_map(|(w, h, c)| Fit::Canvas(w, h, c)),
    ];
    let least = prop_oneof![3 => Just((0, 0)), 1 => (0..=30_000_u32, 0..=30_000_u32)];
    (rule, any::<bool>(), least).prop_map(|(fit, enlarge, least)| {
        // A rule that never enlarges says so already.
        let enlarge = enlarge && !matches!(fit, Fit::CoverDown(..));
        Resize { fit, enlarge, least }
    })
}

fn watermark() -> impl Strategy<Value = Watermark> {
    let text = ("[ -~门店优惠]{1,20}", prop::option::of("[A-Za-z ]{1,20}"), 1..=1000_u32, color(), 0..=100_u8)
        .prop_map(|(text, font, size, color, shadow)| Drawing::Text { text, font, size, color, shadow });
    let picture = ("[ -~]{1,40}", 0..=1000_u16).prop_map(|(source, scale)| Drawing::Picture { source, scale });
    (prop_oneof![text, picture], place(-50..50), 1..=100_u8, 0..=360_u16, any::<bool>())
        .prop_map(|(drawing, place, opacity, rotate, tiled)| Watermark { drawing, place, opacity, rotate, tiled })
}

fn any_step() -> impl Strategy<Value = Step> {
    let side = || 1..=30_000_u32;
    let axis = || any::<bool>().prop_map(|x| if x { Axis::X } else { Axis::Y });
    let kernel = any::<bool>().prop_map(|soft| if soft { Kernel::Gaussian } else { Kernel::Box });
    prop_oneof![
        fit().prop_map(Step::Resize),
        (0..=30_000_u32, 0..=30_000_u32, place(-99..99)).prop_map(|(width, height, place)| Step::Crop {
            width,
            height,
            place
        }),
        (axis(), side(), 0..=65_535_u32).prop_map(|(axis, length, index)| Step::Tile { axis, length, index }),
        (side(), side()).prop_map(|(width, height)| Step::SmartCrop { width, height }),
        (0..=360_u16).prop_map(|degrees| Step::Rotate { degrees }),
        axis().prop_map(Step::Flip),
        (1..=4096_u32).prop_map(|radius| Step::Circle { radius }),
        (1..=4096_u32).prop_map(|radius| Step::Rounded { radius }),
        (any::<[u16; 4]>(), color())
            .prop_map(|(s, color)| Step::Extend { sides: s.map(|s| u32::from(s) % 30_001), color }),
        color().prop_map(Step::Flatten),
        (-100..=100_i8).prop_map(Step::Bright),
        (-100..=100_i8).prop_map(Step::Contrast),
        (0..=10_u32, 0.0..=300.0_f32, 1..=500_u16).prop_map(|(radius, sigma, amount)| Step::Sharpen {
            radius,
            sigma,
            amount
        }),
        (kernel, 0..=50_u32, 0.0..=50.0_f32, prop::option::of((side(), side(), place(-99..99))))
            .prop_map(|(kernel, radius, sigma, area)| Step::Blur { kernel, radius, sigma, area }),
        watermark().prop_map(Step::Watermark),
        ("[a-z门]{1,5}", 1..=10_u8).prop_map(|(text, strength)| Step::Mark { text, strength }),
    ]
}

fn deliver() -> impl Strategy<Value = Deliver> {
    let target = prop_oneof![
        Just(Target::Source),
        Just(Target::Accepted),
        (0..6_usize).prop_map(|ix| Target::Format(Format::WRITTEN[ix])),
    ];
    let quality = prop::option::of(
        (any::<bool>(), 1..=100_u8).prop_map(|(abs, q)| if abs { Quality::Absolute(q) } else { Quality::Relative(q) }),
    );
    let encoding = (target, quality, any::<bool>(), prop::option::of(1..=u32::MAX)).prop_map(
        |(target, quality, interlace, max_bytes)| Deliver::Picture(Encoding { target, quality, interlace, max_bytes }),
    );
    let questions = [Question::Info, Question::Exif, Question::Hue, Question::Mark];
    prop_oneof![3 => encoding, 1 => (0..4_usize).prop_map(move |ix| Deliver::Answer(questions[ix]))]
}

/// Any pipeline whatever.
fn any_pipeline() -> impl Strategy<Value = Pipeline> {
    let frames = prop_oneof![
        Just(Frames::All),
        Just(Frames::First),
        Just(Frames::Spread),
        Just(Frames::SpreadRepeated),
        Just(Frames::SpreadStretched),
        (0..=1000_u16).prop_map(Frames::At),
    ];
    let steps = (prop::option::weighted(0.2, trim()), prop::collection::vec(any_step(), 0..6));
    let steps = steps.prop_map(|(trim, steps)| trim.into_iter().chain(steps).collect());
    (any::<bool>(), frames, steps, deliver()).prop_map(|(upright, frames, steps, deliver)| Pipeline {
        upright,
        frames,
        steps,
        deliver,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_printed_is_read_back(pipeline in any_pipeline()) {
        let text = pipeline.to_string();
        let read = parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&pipeline), "{}", text);
        // The same in a URL, where the bar is escaped.
        prop_assert_eq!(parse(&text.replace('|', "%7C")), Ok(pipeline));
    }

    #[test]
    fn nothing_makes_it_panic(text in "(iopcmd=[a-z]{1,9}(&[a-zQ]{1,6}=[0-9a-zA-Z%.-]{0,6}){0,4}\\|?){0,3}") {
        if let Ok(pipeline) = parse(&text) {
            prop_assert_eq!(parse(&pipeline.to_string()), Ok(pipeline));
        }
    }
}
