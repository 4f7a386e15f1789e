//! Alibaba's documented examples, and that what is read has a canonical text.

use proptest::prelude::*;

use super::*;
use crate::grammar::iopcmd;

fn steps(value: &str) -> Vec<Step> {
    parse(value).unwrap_or_else(|error| panic!("{value}: {error}")).steps
}

#[test]
fn the_documented_examples() {
    for (value, step) in [
        ("image/resize,w_300,h_200", Step::Resize(Resize::shrink(Fit::Inside(300, 200)))),
        ("image/resize,m_mfit,w_300,h_200", Step::Resize(Resize::shrink(Fit::Cover(300, 200)))),
        (
            "image/resize,m_fill,h_100,w_100,limit_0",
            Step::Resize(Resize::new(Fit::CoverCrop(100, 100, Some(Gravity::Center)))),
        ),
        (
            "image/resize,m_pad,h_100,w_100,color_FF0000",
            Step::Resize(Resize::shrink(Fit::Pad(100, 100, Color::rgb(255, 0, 0)))),
        ),
        ("image/resize,m_fixed,h_100,w_100", Step::Resize(Resize::shrink(Fit::Stretch(100, 100)))),
        ("image/resize,l_100", Step::Resize(Resize::shrink(Fit::LongSide(100, 100)))),
        ("image/resize,p_50", Step::Resize(Resize::new(Fit::Scale(50, 50)))),
        (
            "image/crop,x_100,y_50,w_100,h_100",
            Step::Crop { width: 100, height: 100, place: Place { gravity: Gravity::NorthWest, x: 100, y: 50 } },
        ),
        ("image/crop,w_10,g_se", Step::Crop { width: 10, height: 0, place: Place::at(Gravity::SouthEast) }),
        ("image/indexcrop,x_1000,i_0", Step::Tile { axis: Axis::X, length: 1000, index: 0 }),
        ("image/rounded-corners,r_30", Step::Rounded { radius: 30 }),
        ("image/circle,r_100", Step::Circle { radius: 100 }),
        ("image/rotate,70", Step::Rotate { degrees: 70 }),
        ("image/blur,r_3,s_2", Step::Blur { kernel: Kernel::Gaussian, radius: 3, sigma: 2.0, area: None }),
        ("image/bright,50", Step::Bright(50)),
        ("image/contrast,-50", Step::Contrast(-50)),
        ("image/sharpen,100", Step::Sharpen { radius: 0, sigma: 1.0, amount: 100 }),
    ] {
        assert_eq!(steps(value), [step], "{value}");
    }
    let pipeline = parse("x-oss-process=image/auto-orient,0/format,webp/quality,q_80,Q_90/interlace,1").expect("known");
    let Deliver::Picture(encoding) = &pipeline.deliver else { panic!("a picture") };
    assert_eq!((encoding.target, encoding.quality), (Target::Format(Format::WebP), Some(Quality::Absolute(90))));
    assert!(!pipeline.upright && encoding.interlace);
    assert_eq!(parse("image/info").expect("known").deliver, Deliver::Answer(Question::Info));
}

/// A margin is to an edge: what stands in the middle keeps to it, whatever margin is the default.
#[test]
fn margins_do_not_move_what_is_in_the_middle() {
    let place = |query: &str| {
        let pipeline = parse(&format!("image/watermark,text_YQ{query}")).expect(query);
        assert_eq!(crate::grammar::iopcmd::parse(&pipeline.to_string()).as_ref(), Ok(&pipeline));
        let [Step::Watermark(mark)] = &pipeline.steps[..] else { panic!("{query}") };
        (mark.place.x, mark.place.y)
    };
    assert_eq!(place(""), (10, 10));
    assert_eq!(place(",g_south"), (0, 10));
    assert_eq!(place(",g_south,x_40,y_6"), (0, 6));
    assert_eq!(place(",g_west,y_40"), (10, 0));
    assert_eq!(place(",g_center,voffset_-20"), (0, -20));
    assert_eq!(place(",g_se,voffset_-20"), (10, 10));
}

#[test]
fn watermarks_of_text_and_pictures() {
    let text =
        "image/watermark,type_d3F5LXplbmhlaQ,size_30,text_SGVsbG8gV29ybGQ,color_FFFFFF,shadow_50,t_100,g_se,x_10,y_10";
    let [Step::Watermark(mark)] = &steps(text)[..] else { panic!("one mark") };
    assert!(matches!(&mark.drawing, Drawing::Text { text, size: 30, shadow: 50, .. } if text == "Hello World"));
    // panda.png?x-oss-process=image/resize,P_30
    let picture = "image/watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2UvcmVzaXplLFBfMzA,t_90,g_nw";
    let [Step::Watermark(mark)] = &steps(picture)[..] else { panic!("one mark") };
    assert_eq!(mark.drawing, Drawing::Picture { source: "panda.png".to_owned(), scale: 30 });
    assert_eq!(mark.opacity, 90);
}

#[test]
fn refusals_name_the_parameter() {
    for (value, action, parameter) in [
        ("image/resize,w_0", "resize", "w"),
        ("image/resize,m_fit,w_5", "resize", "m"),
        ("image/resize,q_5", "resize", "w"),
        ("image/resize,w_5,q_5", "resize", "q"),
        ("image/rotate,361", "rotate", ""),
        ("image/rotate", "rotate", ""),
        ("image/blur,r_3", "blur", "s"),
        ("image/bogus,1", "bogus", ""),
        ("image/watermark,t_5", "watermark", "text"),
        ("image/watermark,text_YQ,g_up", "watermark", "g"),
        ("image/info/rotate,90", "rotate", ""),
        ("video/snapshot", "", ""),
        ("image/sharpen,5", "sharpen", ""),
    ] {
        let error = parse(value).expect_err(value);
        assert_eq!((error.command.as_str(), error.parameter.as_str()), (action, parameter), "{error}");
    }
}

proptest! {
    #[test]
    fn what_is_read_has_a_canonical_text(
        resize in "resize,(m_(lfit|mfit|fill|pad|fixed),)?w_[1-9][0-9]{0,3},h_[1-9][0-9]{0,3}(,limit_[01])?",
        other in "(rotate,[0-9]{1,2}|crop,w_[1-9]0,h_[1-9]0,g_(nw|se|center)|circle,r_[1-9]|bright,-?[0-9]{1,2}|blur,r_[1-9],s_[1-9])",
        end in "(format,(jpg|png|webp|avif)|quality,[qQ]_[1-9]0|interlace,1|auto-orient,[01]|info)",
    ) {
        let pipeline = parse(&format!("image/{resize}/{other}/{end}")).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(iopcmd::parse(&pipeline.to_string()), Ok(pipeline));
    }

    #[test]
    fn nothing_makes_it_panic(text in "image(/[a-z-]{1,9}(,[a-zA-Z]{0,4}_?[0-9a-zA-Z%.-]{0,5}){0,4}){0,3}") {
        let _ = parse(&text);
    }
}
