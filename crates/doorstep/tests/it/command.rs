//! The command itself: exit codes, JSON, the ready file, a graceful end.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{Client, corner, import_city};

fn doorstep(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.current_dir(dir).env_clear().env("TMPDIR", dir);
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    doorstep(dir).args(args).output().unwrap()
}

#[track_caller]
fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn help_teaches_and_wrong_use_is_code_2() {
    let dir = tempfile::tempdir().unwrap();
    for command in [&[][..], &["up"], &["config"], &["key"], &["tenant"], &["bill"], &["route"], &["completions"]] {
        let help = run(dir.path(), &[command, &["--help"]].concat());
        assert!(help.status.success());
        assert!(String::from_utf8_lossy(&help.stdout).contains("Example"), "{command:?}");
    }
    for wrong in [
        &["fly"][..],
        &["up", "--fast"],
        &["route", "1,2"],
        &["key", "create", "x", "--scopes", "root"],
        &["up", "--demo-taxis", "9"],
    ] {
        assert_eq!(run(dir.path(), wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert!(String::from_utf8_lossy(&run(dir.path(), &["completions", "bash"]).stdout).contains("_doorstep"));
}

#[test]
fn configuration_mistakes_are_told_together() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("d.toml"), "[api]\nlisten = 1\n[limits]\nburst = -1\n").unwrap();
    let args = ["config", "check", "--config", "d.toml", "--json"];
    let checked = doorstep(dir.path()).args(args).env("DOORSTEP_ROLES", "cook").output().unwrap();
    assert_eq!(checked.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let fields: Vec<&str> = told["mistakes"].as_array().unwrap().iter().map(|m| m["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["roles", "api.listen", "limits.burst"]);
    let started = run(dir.path(), &["up", "--config", "d.toml"]);
    assert_eq!(started.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&started.stderr).contains("2 settings are wrong"));

    let shown = run(dir.path(), &["config", "show"]);
    std::fs::write(dir.path().join("shown.toml"), &shown.stdout).unwrap();
    assert_eq!(json(&run(dir.path(), &["config", "check", "--config", "shown.toml", "--json"]))["ok"], true);
    let rows = json(&run(dir.path(), &["config", "show", "--json"]));
    assert!(rows.as_array().unwrap().iter().any(|row| row["variable"] == "DOORSTEP_API_LISTEN"));
}

#[test]
fn a_route_on_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    import_city(&dir.path().join("grid"));
    let at = |row, column| format!("{},{}", corner(row, column)["lat"], corner(row, column)["lon"]);
    let route = json(&run(dir.path(), &["route", &at(0, 0), &at(0, 3), "--city", "grid", "--json"]));
    assert!((route["time_s"].as_f64().unwrap() - 60.84).abs() < 0.1);
    assert_eq!(route["nodes"], serde_json::json!([0, 1, 2, 3]));
    let outside = run(dir.path(), &["route", "-33.8,151.2", &at(0, 3), "--city", "grid"]);
    assert_eq!(outside.status.code(), Some(1));
    assert_eq!(run(dir.path(), &["route", &at(0, 0), &at(0, 3), "--city", "none"]).status.code(), Some(1));
}

#[test]
fn a_city_whose_times_change_by_the_hour() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    put("nodes", "1,40.700,-74.000\n2,40.702,-74.000\n");
    put("edges", "5,1,2\n6,2,1\n");
    // Hour h takes 10 + h seconds on weekdays; Saturdays and Sundays are even.
    let hours = |first: u32, step: u32| (0..24).map(|h| format!(",{}", first + h * step)).collect::<String>();
    let day = |hours: String| format!("5{hours}\n6{hours}\n");
    put("week", &day(hours(10, 1)));
    put("sat", &day(hours(60, 0)));
    put("sun", &day(hours(90, 0)));
    let tables = ["--nodes", "nodes", "--edges", "edges", "--weekday", "week", "--saturday", "sat"];
    let import = |more: &[&str]| run(dir.path(), &[&["city", "import", "--out", "two"][..], &tables, more].concat());
    assert_eq!(import(&[]).status.code(), Some(2), "all three kinds of day or none");
    assert_eq!(json(&import(&["--sunday", "sun", "--json"]))["hourly"], true);
    let takes = |at: &str| {
        let args = ["route", "40.700,-74.000", "40.702,-74.000", "--city", "two", "--at", at, "--json"];
        json(&run(dir.path(), &args))["time_s"].as_f64().unwrap()
    };
    assert!((takes("2013-11-18T00:59:59") - 10.0).abs() < 0.05);
    assert!((takes("2013-11-18T17:00:00") - 27.0).abs() < 0.05);
    assert!((takes("2013-11-23T17:00") - 60.0).abs() < 0.1);
    put("sun", "5,1\n");
    let broken = import(&["--sunday", "sun"]);
    assert!(String::from_utf8_lossy(&broken.stderr).contains("line 1"), "{broken:?}");
}

/// A server of its own process; killed if a test fails before it ends it.
struct Up(std::process::Child);

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Up {
    fn start(dir: &Path, ready: &str, args: &[&str]) -> (Self, Value) {
        let _ = std::fs::remove_file(dir.join(ready));
        let mut command = doorstep(dir);
        command.args(["up", "--ephemeral", "--ready-file", ready, "--city", "grid", "--log", "warn"]).args(args);
        let up = Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let began = Instant::now();
        while !dir.join(ready).exists() {
            assert!(began.elapsed() < Duration::from_secs(30), "never ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        (up, serde_json::from_slice(&std::fs::read(dir.join(ready)).unwrap()).unwrap())
    }

    /// Asks it to go down and gives its exit code.
    fn terminate(&mut self) -> Option<i32> {
        let kill = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(kill.success());
        self.0.wait().unwrap().code()
    }
}

fn client(ready: &Value) -> Client {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = format!("{}:{}", text(&ready["admin_key"]["access"]), text(&ready["admin_key"]["secret"]));
    Client::new(format!("http://{}", text(&ready["api"])), key)
}

#[tokio::test(flavor = "multi_thread")]
async fn up_tells_when_it_is_ready_and_goes_down_when_told() {
    let dir = tempfile::tempdir().unwrap();
    import_city(&dir.path().join("grid"));
    let (mut up, ready) = Up::start(dir.path(), "ready.json", &["--data", "data"]);
    let names: Vec<&String> = ready.as_object().unwrap().keys().collect();
    assert_eq!(names, ["admin_key", "api", "flight", "hive", "metrics", "objects", "postgres"]);
    let admin = client(&ready);
    admin.get("/v1/me").await.done();
    let order = admin.order().await;
    let metrics = format!("http://{}/metrics", ready["metrics"].as_str().unwrap());
    let page = admin.http.get(metrics).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("doorstep_api_requests_total"), "{page}");
    assert!(page.contains("route=\"/v1/me\""), "{page}");

    // Keys on the command line, while the server runs on the same store.
    let made =
        json(&run(dir.path(), &["key", "create", "cli", "--scopes", "rider,driver", "--data", "data", "--json"]));
    let by_cli = Client::new(
        admin.base.clone(),
        format!("{}:{}", made["access"].as_str().unwrap(), made["secret"].as_str().unwrap()),
    );
    by_cli.get("/v1/me").await.done();
    assert_eq!(json(&run(dir.path(), &["key", "list", "--data", "data", "--json"])).as_array().unwrap().len(), 2);
    json(&run(dir.path(), &["key", "revoke", made["access"].as_str().unwrap(), "--data", "data", "--json"]));
    assert_eq!(up.terminate(), Some(0));

    // Once more on the same data: a fresh key, the same order.
    let (mut up, ready) = Up::start(dir.path(), "again.json", &["--data", "data"]);
    let admin = client(&ready);
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.done()["id"], order["id"]);
    assert_eq!(up.terminate(), Some(0));

    // Without a data directory everything goes with the process.
    let (mut up, _) = Up::start(dir.path(), "scratch.json", &["--roles", "city,api"]);
    assert_eq!(up.terminate(), Some(0));
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("doorstep-")), "{left:?}");
}
