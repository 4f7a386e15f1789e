//! imgproxy's own examples, its signature, and that what is read has a canonical text.

use proptest::prelude::*;

use super::*;
use crate::grammar::iopcmd;
use crate::pipeline::Deliver;

fn key() -> Key {
    // The key and the salt of imgproxy's documentation.
    Key { key: b"secret".to_vec(), salt: b"hello".to_vec() }
}

/// The example of imgproxy's documentation on signing.
const DOCUMENTED: &str = "/rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png";

#[test]
fn the_documented_signature() {
    assert_eq!(sign(DOCUMENTED, &key()), "oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8");
    let path = format!("/{}{DOCUMENTED}", sign(DOCUMENTED, &key()));
    assert!(verify(&path, &[key()]));
    let other = Key { key: vec![1], salt: vec![2] };
    assert!(verify(&path, &[other.clone(), key()]));
    assert!(!verify(&path, &[other]));
    assert!(!verify(&path, &[]));
    assert!(!verify(&path.replace("300", "301"), &[key()]));
    assert!(!verify(&format!("/insecure{DOCUMENTED}"), &[key()]));
    // Cut to sixteen bytes it still counts, to fifteen no more.
    let bytes = URL_SAFE_NO_PAD.decode(sign(DOCUMENTED, &key())).expect("our own");
    assert!(verify(&format!("/{}{DOCUMENTED}", URL_SAFE_NO_PAD.encode(&bytes[..16])), &[key()]));
    assert!(!verify(&format!("/{}{DOCUMENTED}", URL_SAFE_NO_PAD.encode(&bytes[..15])), &[key()]));
}

#[test]
fn the_documented_path() {
    let request = parse(&format!("/signature{DOCUMENTED}")).expect("known");
    assert_eq!(request.source, "http://example.com/images/curiosity.jpg");
    assert_eq!(request.pipeline.steps, [Step::Resize(Resize::shrink(Fit::CoverCrop(300, 400, None)))]);
    let Deliver::Picture(encoding) = request.pipeline.deliver else { panic!("a picture") };
    assert_eq!(encoding.target, Target::Format(Format::Png));
}

#[test]
fn plain_sources_and_orders() {
    let path = "/_/blur:2/rot:90/w:50/dpr:2/bg:255:0:0/pd:1:2/q:70/mb:900/exp:99/plain/shops/a%20b.jpg@webp";
    let request = parse(path).expect("known");
    assert_eq!((request.source.as_str(), request.expires), ("shops/a b.jpg", Some(99)));
    let red = Color::rgb(255, 0, 0);
    assert_eq!(
        request.pipeline.steps,
        [
            Step::Resize(Resize::shrink(Fit::Width(100))),
            Step::Rotate { degrees: 90 },
            Step::Blur { kernel: Kernel::Gaussian, radius: 0, sigma: 2.0, area: None },
            Step::Extend { sides: [2, 1, 2, 1], color: red },
            Step::Flatten(red),
        ]
    );
    let Deliver::Picture(encoding) = request.pipeline.deliver else { panic!("a picture") };
    assert_eq!((encoding.quality, encoding.max_bytes), (Some(Quality::Absolute(70)), Some(900)));
    let marked = parse("/_/wm:0.5:soea:10:10:0.2/plain/a.jpg").expect("known");
    assert_eq!(marked.pipeline.overlays().collect::<Vec<_>>(), [DEFAULT_WATERMARK]);
}

#[test]
fn trims_points_and_sizes_that_depend_on_the_picture() {
    let steps = |options: &str| parse(&format!("/_/{options}/plain/a.jpg")).expect(options).pipeline.steps;
    let point = Some(Gravity::focus(0.25, 0.75));
    assert_eq!(steps("rs:fill:30:40/g:fp:0.25:0.75"), [Step::Resize(Resize::shrink(Fit::CoverCrop(30, 40, point)))]);
    let crop = Step::Crop { width: 30, height: 40, place: Place::at(Gravity::focus(0.25, 0.75)) };
    assert_eq!(steps("c:30:40:fp:0.25:0.75"), [crop]);
    let center = Some(Gravity::Center);
    assert_eq!(steps("rs:fill-down:30:40"), [Step::Resize(Resize::shrink(Fit::CoverDown(30, 40, center)))]);
    assert_eq!(steps("rs:fill-down:30:40:1"), [Step::Resize(Resize::new(Fit::CoverCrop(30, 40, center)))]);
    assert_eq!(steps("rt:auto/s:30:40"), [Step::Resize(Resize::shrink(Fit::Auto(30, 40, center)))]);
    let least = Resize { least: (200, 0), ..Resize::shrink(Fit::Scale(100, 100)) };
    assert_eq!(steps("min-width:100/dpr:2"), [Step::Resize(least)]);
    let least = Resize { least: (0, 90), ..Resize::shrink(Fit::Inside(60, 60)) };
    let cut = Step::Crop { width: 60, height: 60, place: Place::at(Gravity::Center) };
    assert_eq!(steps("s:60:60/mh:90"), [Step::Resize(least), cut]);
    // Trimming comes first, wherever it stands.
    let trim = Trim { threshold: 10, color: Some(Color::rgb(255, 0, 0)), equal: (false, true) };
    assert_eq!(steps("w:50/trim:10:ff0000:0:1"), [Step::Trim(trim), Step::Resize(Resize::shrink(Fit::Width(50)))]);
}

#[test]
fn refusals_name_the_option() {
    for (path, option, argument) in [
        ("/_/rs:bogus:1:1/plain/a", "rs", "1"),
        ("/_/w:x/plain/a", "w", "1"),
        ("/_/w:5:6/plain/a", "w", "2"),
        ("/_/bogus:1/plain/a", "bogus", ""),
        ("/_/preset:a/plain/a", "preset", ""),
        ("/_/g:fp:0.5/plain/a", "g", "3"),
        ("/_/g:fp:0.5:1.5/plain/a", "g", "3"),
        ("/_/rs:auto:9:9/g:no:1:2/plain/a", "gravity", "2"),
        ("/_/t/plain/a", "", ""),
        ("/_/t:x/plain/a", "t", "1"),
        ("/_/mw:-1/plain/a", "mw", "1"),
        ("/_/plain/a@exe", "format", "1"),
        ("/_/plain/", "", ""),
        ("/_", "", ""),
        ("/_/w:5/****", "", ""),
    ] {
        let error = parse(path).expect_err(path);
        assert_eq!((error.command.as_str(), error.parameter.as_str()), (option, argument), "{error}");
    }
}

proptest! {
    #[test]
    fn what_is_read_has_a_canonical_text(
        size in "rs:(fit|fill|force|fill-down|auto):[1-9][0-9]{0,2}:[1-9][0-9]{0,2}(:[01])?",
        more in "(/(g:(no|soea|sm|fp:0\\.25:0\\.7)|mw:[1-9]0|mh:[1-9]00|t:10|t:5:ffffff:1:1|c:[1-9]0:[1-9]0|rot:(90|45)|bl:[1-9]|pd:[1-9]:[1-9]|bg:[0-9a-f]{6}|q:[1-9]0|ex:1|fl:1:1)){0,3}",
        end in "(@(webp|avif|jpg))?",
    ) {
        let request = parse(&format!("/_/{size}{more}/plain/a.jpg{end}"));
        // Offsets do not go with the rules that look at the picture first.
        if request.as_ref().is_err_and(|error| (error.command.as_str(), error.parameter.as_str()) == ("gravity", "2")) {
            return Ok(());
        }
        let request = request.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(iopcmd::parse(&request.pipeline.to_string()), Ok(request.pipeline));
    }

    #[test]
    fn nothing_makes_it_panic(path in "/[a-z_]{0,4}(/[a-z]{1,4}(:[0-9a-z.-]{0,4}){0,4}){0,4}/(plain/)?[a-zA-Z0-9%@.]{0,12}") {
        let _ = parse(&path);
        let _ = verify(&path, &[key()]);
    }
}
