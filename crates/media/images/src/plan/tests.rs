//! Plans by their numbers.

use std::time::Duration;

use super::*;
use crate::grammar::iopcmd;

fn planned(header: &Header, query: &str) -> Result<Plan, ImageError> {
    plan(header, &iopcmd::parse(query).expect("known"), &Limits::default())
}

fn photo() -> Header {
    Header::plain(Format::Jpeg, 4032, 3024)
}

#[test]
fn geometry_becomes_one_pass_and_jpegs_shrink_on_load() {
    let query =
        "iopcmd=thumbnail&type=4&width=512|iopcmd=crop&width=400&height=300&gravity=Center|iopcmd=rotate&degree=90";
    let plan = planned(&photo(), query).expect("small");
    let [Stage::Resample(pass)] = &plan.stages[..] else { panic!("one pass: {:?}", plan.stages) };
    assert_eq!((pass.scaled, pass.keep), ((512, 384), Rect { x: 56, y: 42, width: 400, height: 300 }));
    assert_eq!((plan.size, plan.shrink), ((300, 400), 4));
    assert!(plan.memory_bytes < 24 << 20, "{}", plan.memory_bytes);
    for (width, shrink) in [(504, 8), (505, 4), (1008, 4), (1009, 2), (2016, 2), (2017, 1), (5000, 1)] {
        let plan = planned(&photo(), &format!("iopcmd=thumbnail&type=4&width={width}")).expect("small");
        assert_eq!(plan.shrink, shrink, "{width}");
    }
}

#[test]
fn orientation_is_part_of_the_pass() {
    let lying = Header { orientation: crate::Orientation::from_exif(6), ..photo() };
    let plan = planned(&lying, "iopcmd=thumbnail&type=4&width=300|iopcmd=crop&width=100&height=50").expect("small");
    let [Stage::Resample(pass)] = &plan.stages[..] else { panic!("one pass") };
    assert_eq!((pass.scaled, plan.size, pass.turn.exif()), ((400, 300), (100, 50), 6));
    // The top left corner of the upright picture is the bottom left one of the stored picture.
    assert_eq!(pass.keep, Rect { x: 0, y: 200, width: 50, height: 100 });
    let plan = planned(&lying, "iopcmd=auto-orient&value=0|iopcmd=thumbnail&type=4&width=400").expect("small");
    assert_eq!(plan.size, (400, 300));
    assert!(planned(&photo(), "iopcmd=rotate&degree=0").expect("small").stages.is_empty());
    assert!(planned(&photo(), "iopcmd=flip&axis=x|iopcmd=flip&axis=x").expect("small").stages.is_empty());
}

#[test]
fn a_cut_before_resizing_is_a_smaller_source() {
    let plan = planned(&photo(), "iopcmd=crop&width=1000&height=1000&ax=32&ay=24|iopcmd=thumbnail&type=4&width=100");
    let plan = plan.expect("small");
    let [Stage::Resample(pass)] = &plan.stages[..] else { panic!("one pass") };
    assert_eq!((pass.clip, plan.shrink), (Rect { x: 32, y: 24, width: 1000, height: 1000 }, 8));
    let two = planned(&photo(), "iopcmd=thumbnail&type=4&width=1000|iopcmd=thumbnail&type=4&width=100").expect("small");
    assert_eq!(two.stages.len(), 2, "two resizings stay two");
}

#[test]
fn the_other_steps_stand_between_passes() {
    let plan =
        planned(&photo(), "iopcmd=thumbnail&type=15&width=200&height=200|iopcmd=blur&sigma=2|iopcmd=rotate&degree=45");
    let plan = plan.expect("small");
    assert!(
        matches!(
            &plan.stages[..],
            [
                Stage::Resample(_),
                Stage::Step(Step::Extend { sides: [0, 25, 0, 25], .. }),
                Stage::Step(Step::Blur { .. }),
                Stage::Step(Step::Rotate { degrees: 45 })
            ]
        ),
        "{:?}",
        plan.stages
    );
    assert_eq!(plan.size, (283, 283));
    let tile = |i: u32| planned(&photo(), &format!("iopcmd=indexcrop&x=1000&i={i}")).expect("small").size;
    assert_eq!((tile(0), tile(4), tile(5)), ((1000, 3024), (32, 3024), (4032, 3024)));
}

#[test]
fn limits_hold_before_anything_is_decoded() {
    let refused = |header: &Header, query: &str| match planned(header, query) {
        Err(ImageError::TooLarge { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let nothing = "iopcmd=thumbnail&type=4&width=100";
    assert_eq!(refused(&Header::plain(Format::Png, 65_536, 65_536), nothing), Limited::SourceSide);
    assert_eq!(refused(&Header::plain(Format::Jpeg, 20_000, 14_000), nothing), Limited::SourcePixels);
    assert_eq!(refused(&photo(), "iopcmd=thumbnail&type=4&width=20000"), Limited::ResultSide);
    assert_eq!(refused(&photo(), "iopcmd=pad&left=16000&top=16000"), Limited::ResultSide);
    let deep = Header { depth: 16, alpha: true, ..Header::plain(Format::Png, 9_000, 9_000) };
    assert_eq!(refused(&deep, nothing), Limited::Memory);
    let slow = Header { interlaced: true, ..Header::plain(Format::Jpeg, 10_000, 9_999) };
    assert_eq!(refused(&slow, nothing), Limited::Memory);
    // The header can be asked for all the same.
    assert!(planned(&Header::plain(Format::Png, 65_536, 65_536), "iopcmd=imageinfo").is_ok());
    let outside = planned(&photo(), "iopcmd=crop&width=10&height=10&ax=5000");
    assert!(matches!(outside, Err(ImageError::Step { command: "crop", .. })), "{outside:?}");
}

#[test]
fn frames_are_chosen_by_mode_and_limit() {
    let moving = Header { frames: 10, ..Header::plain(Format::Gif, 100, 100) };
    let frames = |mode: &str, allowed: u32| {
        let pipeline = iopcmd::parse(mode).expect("known");
        let limits = Limits { frames: allowed, time: Duration::from_secs(1), ..Limits::default() };
        plan(&moving, &pipeline, &limits).expect("small").frames
    };
    assert_eq!(frames("iopcmd=frames&gifmode=1", 100).len(), 10);
    assert_eq!(frames("iopcmd=frames&gifmode=1", 4), [0, 1, 2, 3]);
    assert_eq!(frames("iopcmd=frames&gifmode=4", 4), [0, 2, 5, 7]);
    assert_eq!(frames("iopcmd=frames&gifmode=2", 100), [0]);
    assert_eq!(frames("iopcmd=convert&dst=jpg", 100), [0]);
    assert_eq!(frames("iopcmd=convert&dst=jpg&fr=1.0", 100), [9]);
    assert_eq!(frames("iopcmd=convert&dst=webp", 100).len(), 10);
}
