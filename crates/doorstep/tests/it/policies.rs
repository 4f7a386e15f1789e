//! `ratings score` and `city backtest` from the outside.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::support::{corner, import_city};

fn run(dir: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_doorstep")).current_dir(dir).env_clear().args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn a_table_of_reviews_is_scored_and_a_bad_line_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = "time,order,rater,subject,stars\n".to_owned();
    for i in 0..200 {
        rows += &format!("{i},o{i},r{},s{},{}\n", i % 37, i % 5, 1 + i % 5);
    }
    rows += "500,o0,r0,s0,5\n";
    std::fs::write(dir.path().join("r.csv"), rows).unwrap();
    let (code, out, said) = run(dir.path(), &["ratings", "score", "--reviews", "r.csv", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let told: Value = serde_json::from_str(&out).unwrap();
    let order: Vec<&str> =
        told["subjects"].as_array().unwrap().iter().map(|s| s["subject"].as_str().unwrap()).collect();
    assert_eq!(order, ["s4", "s3", "s2", "s1", "s0"]);
    assert_eq!((told["subjects"][0]["reviews"].as_u64(), told["duplicates"].as_u64()), (Some(40), Some(1)));
    assert!(told["discounted_raters"].is_array() && said.contains("1 reviews left out"), "{said}");

    std::fs::write(dir.path().join("bad.csv"), "time,order,rater,subject,stars\n1,o,r,s,7\n").unwrap();
    let (code, _, said) = run(dir.path(), &["ratings", "score", "--reviews", "bad.csv"]);
    assert!(code == Some(1) && said.contains("bad.csv: line 2: stars is `7`"), "{said}");
    assert!(run(dir.path(), &["ratings", "score", "--help"]).1.contains("Example"));
}

#[test]
fn two_policies_are_compared_and_mistakes_told_together() {
    let dir = tempfile::tempdir().unwrap();
    import_city(&dir.path().join("grid"));
    let place = |row: usize, column: usize| {
        let at = corner(row % 12, column % 12);
        format!("{},{}", at["lon"], at["lat"])
    };
    let mut requests = "request_time,pu_lon,pu_lat,do_lon,do_lat\n".to_owned();
    let mut taxis = "lon,lat\n".to_owned();
    for i in 0..120 {
        requests +=
            &format!("2013-11-18T16:{:02}:00,{},{}\n", i / 12, place(i * 7, i * 5), place(i * 3 + 4, i * 11 + 6));
        taxis += &format!("{}\n", place(i * 5, i * 7 + i / 12));
    }
    let file = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    file("requests.csv", &requests);
    file("taxis.csv", &taxis);
    file("a.toml", "[dispatch]\nkind = \"greedy\"\n");
    file("b.toml", "name = \"shared\"\nseats = 4\n[dispatch]\nkind = \"pooled\"\n");
    file("bad.toml", "seats = 0\n[dispatch]\nkind = \"best\"\n[surge]\ngain = 9.0\n");
    let backtest = |b: &'static str| {
        let common = ["--requests", "requests.csv", "--taxis", "taxis.csv", "--fleet", "25", "--seeds", "3"];
        let args = ["city", "backtest", "--city", "grid", "--a", "a.toml", "--b", b, "--html", "r.html", "--json"];
        run(dir.path(), &[&args[..], &common[..]].concat())
    };
    let (code, out, said) = backtest("b.toml");
    assert_eq!(code, Some(0), "{said}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["a"]["policy"], &told["b"]["policy"]), (&"a".into(), &"shared".into()));
    let served = &told["metrics"][0];
    assert_eq!((&served["key"], served["b_by_seed"].as_array().unwrap().len()), (&"served_share".into(), 3));
    assert!(served["difference"]["low"].as_f64().unwrap() <= served["difference"]["mean"].as_f64().unwrap());
    let page = std::fs::read_to_string(dir.path().join("r.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("<script") && !page.contains("http"));

    let (code, _, said) = backtest("bad.toml");
    assert_eq!(code, Some(1));
    for field in ["bad.toml", "/seats:", "/dispatch/kind:", "/surge/gain"] {
        assert!(said.contains(field), "{field}: {said}");
    }
    assert!(run(dir.path(), &["city", "backtest", "--help"]).1.contains("Example"));
}
