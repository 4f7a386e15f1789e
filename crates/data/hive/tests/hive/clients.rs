//! PyHive, impyla and beeline against the face. Their programs are looked for, and their absence is said.
//!
//! The two Python clients: `.venv/bin/pip install pyhive thrift_sasl pure-sasl impyla`, or a Python that has them in
//! `DOORSTEP_TEST_PYTHON`. Beeline is taken from the jars of the package `pyspark`, whose folder
//! `DOORSTEP_TEST_BEELINE_JARS` names.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::place::Place;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// A Python that has this module.
async fn python(module: &str) -> Option<PathBuf> {
    let own = root().join(".venv/bin/python");
    let python = std::env::var_os("DOORSTEP_TEST_PYTHON").map_or(own, PathBuf::from);
    if !python.is_file() {
        return None;
    }
    let mut command = Command::new(&python);
    command.args(["-c", &format!("import {module}")]);
    run(command).await.status.success().then_some(python)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_clients_see_the_same_rows() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients.py");
    for (client, module) in [("pyhive", "pyhive.hive"), ("impyla", "impala.dbapi")] {
        let Some(python) = python(module).await else {
            eprintln!("skipped: {client} (see the head of tests/hive/clients.rs)");
            continue;
        };
        let place = Place::new().await;
        let (at, _stop) = place.serve().await;
        let mut command = Command::new(python);
        command.arg(&script).arg(client).arg(at.port().to_string());
        command.arg(place.admin.access.as_str()).arg(&place.admin.secret);
        let output = run(command).await;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.contains("all is well"), "{client}: {out}\n{err}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beeline_and_jdbc_work() {
    let jars = std::env::var_os("DOORSTEP_TEST_BEELINE_JARS").map(PathBuf::from).filter(|jars| jars.is_dir());
    let mut java = Command::new("java");
    java.arg("-version");
    let Some(jars) = jars.filter(|_| java.output().is_ok_and(|o| o.status.success())) else {
        eprintln!("skipped: beeline (no java, or DOORSTEP_TEST_BEELINE_JARS names no folder of jars)");
        return;
    };
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut command = Command::new("java");
    command.arg("-cp").arg(format!("{}/*", jars.display())).arg("org.apache.hive.beeline.BeeLine");
    command.args(["--silent=true", "--outputformat=csv2", "--showHeader=true"]);
    command.args(["-u", &format!("jdbc:hive2://{at}/default"), "-n", place.admin.access.as_str()]);
    command.args(["-p", &place.admin.secret]);
    for text in [
        "create table pets (id int, name string, born date, weight decimal(5,2));",
        "insert into pets values (1, 'Rex', date '2020-02-29', 12.5), (2, null, null, null);",
        "select * from pets order by id;",
        "!tables",
        "!columns pets",
        "select nope from pets;",
    ] {
        command.args(["-e", text]);
    }
    let output = run(command).await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for wanted in ["1,Rex,2020-02-29,12.50", "2,", "pets"] {
        assert!(out.contains(wanted), "{wanted}: {out}\n{err}");
    }
    assert!(err.contains("nope") || out.contains("nope"), "{out}\n{err}");
}
