//! A disk with no room left: what is refused is refused cleanly, what was acknowledged stays, and it goes on.
//!
//! The disk is a small one in memory, inside a namespace of its own; where a system allows none, this says so.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use reqwest::Method;

use crate::{
    bucket::Bucket,
    child::{self, Running},
    elsewhere::bytes,
};

/// Bytes of the disk, and of what is thrown away later to make room.
const DISK: usize = 40 << 20;
const BALLAST: usize = 6 << 20;

/// Holds the namespace with the disk.
struct SmallDisk(Child);

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl SmallDisk {
    /// A disk mounted at `at`, with a file `ballast` on it; nothing where the system does not allow it.
    fn mount(at: &Path) -> Option<Self> {
        let script = format!(
            "mount -t tmpfs -o size={DISK} small '{0}' && head -c {BALLAST} /dev/zero >'{0}/ballast' && echo ready && exec sleep 600",
            at.display()
        );
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut disk = Self(child);
        let mut line = String::new();
        BufReader::new(disk.0.stdout.take()?).read_line(&mut line).ok()?;
        (line == "ready\n").then_some(disk)
    }

    /// A command that sees the disk.
    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        let pid = self.0.id().to_string();
        command.args(["--target", &pid, "--user", "--mount", "--preserve-credentials", program]);
        command
    }
}

/// Sizes of what is written: some packed, some in files of their own.
fn size(n: u64) -> usize {
    [300_000, 20_000, 140_000, 3_000, 1_300_000][(n % 5) as usize]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let Some(disk) = SmallDisk::mount(&data) else {
        eprintln!("SKIPPED: this system lets nobody mount a small disk (unshare --map-root-user --mount)");
        return;
    };
    let ready = dir.path().join("ready.json");
    let start = || {
        let mut args = child::up(&data, "objects");
        *args.last_mut().unwrap() = ready.display().to_string();
        let mut command = disk.inside(env!("CARGO_BIN_EXE_doorstep"));
        command.args(args);
        Running::start(command, ready.clone(), dir.path().join("log"))
    };
    let mut running = start().await;
    let bucket = Bucket::make(running.objects, &running.admin, "photos").await;

    let (mut kept, mut refused, mut n) = (Vec::new(), Vec::new(), 0);
    while refused.len() < 20 {
        n += 1;
        assert!(n < 1_000, "it is never full");
        let url = bucket.signed("PUT", &format!("k{n}"), "");
        let put = bucket.send(bucket.request(Method::PUT, &url).body(bytes(n, size(n)))).await;
        if put.status == 200 {
            kept.push(n);
        } else {
            let (status, code, _) = put.refused();
            assert_eq!((status, code.as_str()), (507, "XInsufficientStorage"), "{}", running.said());
            refused.push(n);
        }
    }
    assert!(kept.len() > 40, "{}", kept.len());
    check(&bucket, &kept, &refused).await;

    // Room is made, and it goes on: the same process, without a restart.
    let freed = disk.inside("rm").arg(data.join("ballast")).status().unwrap();
    assert!(freed.success());
    for n in 10_000..10_010 {
        bucket.put(&format!("k{n}"), &bytes(n, size(n)), "application/octet-stream").await;
        kept.push(n);
    }
    check(&bucket, &kept, &refused).await;

    // What lies on the disk is whole for the next process too.
    drop(running);
    running = start().await;
    let bucket = Bucket::known(running.objects, &running.admin, "photos");
    check(&bucket, &kept, &refused).await;
    bucket.put("last", b"one more", "text/plain").await;
}

async fn check(bucket: &Bucket, kept: &[u64], refused: &[u64]) {
    for n in kept {
        let got = bucket.get(&bucket.signed("GET", &format!("k{n}"), "")).await;
        assert_eq!((got.status, got.body == bytes(*n, size(*n))), (200, true), "k{n} was acknowledged");
    }
    for n in refused {
        let got = bucket.get(&bucket.signed("GET", &format!("k{n}"), "")).await;
        assert_eq!(got.status, 404, "k{n} was refused");
    }
}
