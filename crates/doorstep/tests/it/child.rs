//! The command in a process of its own, for what a test cannot do to itself: other variables, limits, a kill.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::Client;

/// A running `doorstep up`; killed when it is dropped.
pub(crate) struct Running {
    pub(crate) admin: Client,
    pub(crate) objects: std::net::SocketAddr,
    /// The JSON API's address, with the role `api`.
    pub(crate) api: Option<std::net::SocketAddr>,
    child: Child,
    log: PathBuf,
}

/// `doorstep up` with these roles (`objects` among them) on free ports and this data.
pub(crate) fn up(data: &Path, roles: &str) -> Vec<String> {
    let ready = data.join("ready.json");
    let words = ["up", "--ephemeral", "--roles", roles, "--log", "warn", "--data"];
    let mut args: Vec<String> = words.into_iter().map(str::to_owned).collect();
    args.extend([data.display().to_string(), "--ready-file".to_owned(), ready.display().to_string()]);
    args
}

impl Running {
    /// Waits until `command` has written `ready`; `log` is where it says what is wrong.
    pub(crate) async fn start(mut command: Command, ready: PathBuf, log: PathBuf) -> Self {
        let _ = std::fs::remove_file(&ready);
        let output = std::fs::File::create(&log).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output).spawn().unwrap();
        let began = Instant::now();
        let told: Value = loop {
            let told = std::fs::read(&ready).ok().and_then(|text| serde_json::from_slice(&text).ok());
            if let Some(told) = told {
                break told;
            }
            let ended = child.try_wait().unwrap();
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none(), "it ended: {}", said());
            assert!(began.elapsed() < Duration::from_secs(60), "it was not ready: {}", said());
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let text = |name: &str| told["admin_key"][name].as_str().unwrap().to_owned();
        let key = format!("{}:{}", text("access"), text("secret"));
        let address = |name: &str| told[name].as_str().map(|at| at.parse().unwrap());
        let (objects, api) = (address("objects").unwrap(), address("api"));
        Self { admin: Client::new(format!("http://{objects}"), key), objects, api, child, log }
    }

    /// Ends it at once (SIGKILL).
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
