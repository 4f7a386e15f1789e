//! `doorstep up`: starts everything and stays until it is told to go down.

use std::{net::SocketAddr, path::PathBuf, pin::pin};

use anyhow::Context as _;

use super::output::note;
use crate::{
    config::{Config, Loaded, Loader, LogFormat, Source},
    demo::{self, DemoArgs, DemoContext},
    node::{Node, Wishes, asked_by_signal},
};

const EXAMPLE: &str = "\
Examples:
  doorstep up --demo                             a Manhattan afternoon; the console's address is printed
  doorstep up --city my-city                     a city of your own; make it with `doorstep city import`
  doorstep up --config doorstep.toml             settings from a file; `doorstep config show` prints one
  doorstep up --ephemeral --ready-file ready.json --city my-city
                                                 free ports, written to the file when everything answers

Everything listens on the loopback address unless told otherwise. The first start makes an admin key and
shows it once. SIGTERM and Ctrl-C end it in order: requests finish, nothing acknowledged is lost.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The TOML file with settings; DOORSTEP_CONFIG names one too
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of everything durable
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// sqlite:///path or postgres://…; without it SQLite inside the data directory
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// What this process does: city, lake, hive, postgres, api, objects, metrics
    #[arg(long, value_name = "ROLES")]
    roles: Option<String>,
    /// Directory made by `doorstep city import`; may be given several times
    #[arg(long, value_name = "DIR")]
    city: Vec<String>,
    /// Where the API and the console listen
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where buckets and objects are served (S3)
    #[arg(long, value_name = "ADDRESS")]
    objects_listen: Option<String>,
    /// Where HiveServer2 listens
    #[arg(long, value_name = "ADDRESS")]
    hive_listen: Option<String>,
    /// Where PostgreSQL's protocol is spoken
    #[arg(long, value_name = "ADDRESS")]
    postgres_listen: Option<String>,
    /// Where the metrics page listens
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
    /// pretty or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Log levels by module, like info,doorstep=debug
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    #[command(flatten)]
    demo: DemoArgs,
    /// Pick free ports, and a data directory that is removed at the end unless one is named
    #[arg(long)]
    ephemeral: bool,
    /// Write addresses and admin key as JSON when everything answers
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

impl Args {
    fn load(&self) -> anyhow::Result<Loaded> {
        let cities = (!self.city.is_empty()).then(|| self.city.join(","));
        let loaded = Loader::from_environment()
            .file(self.config.as_deref())
            .flag("--data", "data", self.data.clone())
            .flag("--store", "store", self.store.clone())
            .flag("--roles", "roles", self.roles.clone())
            .flag("--city", "cities", cities)
            .flag("--listen", "api.listen", self.listen.clone())
            .flag("--objects-listen", "objects.listen", self.objects_listen.clone())
            .flag("--hive-listen", "hive.listen", self.hive_listen.clone())
            .flag("--postgres-listen", "postgres.listen", self.postgres_listen.clone())
            .flag("--metrics-listen", "metrics.listen", self.metrics_listen.clone())
            .flag("--log-format", "log.format", self.log_format.clone())
            .flag("--log", "log.filter", self.log.clone())
            .load()?;
        Ok(loaded)
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let loaded = args.load()?;
    let mut config = loaded.config.clone();
    doorstep_telemetry::init(&telemetry(&config))?;
    // Held until the end: dropping it removes the directory.
    let mut scratch = None;
    if args.ephemeral {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        (config.api.listen, config.objects.listen) = (free, free);
        (config.metrics.listen, config.lake.flight_listen) = (free, free);
        (config.hive.listen, config.postgres.listen) = (free, free);
        if loaded.source("data") == Source::Default {
            let dir = std::env::temp_dir().join(format!("doorstep-{}", uuid::Uuid::now_v7().simple()));
            config.data = dir.clone();
            scratch = Some(Scratch(dir));
        }
    }
    if args.demo.demo {
        demo::prepare(&args.demo, &mut config)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(stay(config, &args));
    drop(runtime);
    drop(scratch);
    done
}

fn telemetry(config: &Config) -> doorstep_telemetry::Config {
    let format = match config.log.format {
        LogFormat::Pretty => doorstep_telemetry::Format::Pretty,
        LogFormat::Json => doorstep_telemetry::Format::Json,
    };
    doorstep_telemetry::Config { format, filter: config.log.filter.clone() }
}

/// A directory that goes with the process.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "the scratch directory stays behind");
        }
    }
}

async fn stay(config: Config, args: &Args) -> anyhow::Result<()> {
    let wishes = Wishes {
        ready_file: args.ready_file.clone(),
        fresh_admin_key: args.ephemeral || args.demo.demo,
        metrics: Some(doorstep_telemetry::record_metrics()?),
    };
    // One listener from here to the end: a signal between two of them would be lost.
    let mut signal = pin!(asked_by_signal());
    let node = tokio::select! {
        started = Node::start(config, wishes) => started?,
        signal = &mut signal => {
            note(&format!("{} during the start: nothing was started", signal?));
            return Ok(());
        }
    };
    greet(&node, args);
    let (mut demo, mut asked) = (None, None);
    if let (Some(api), Some(admin), true) = (node.api, &node.admin_key, args.demo.demo) {
        let context = DemoContext { api, admin: admin.clone() };
        tokio::select! {
            started = demo::start(&context, &args.demo) => demo = Some(started.context("the demo cannot start")?),
            signal = &mut signal => asked = Some(signal),
        }
    }
    let signal = match asked {
        Some(signal) => signal,
        None => signal.await,
    };
    let signal = signal.context("cannot listen for signals")?;
    note(&format!("{signal}: going down"));
    // Its riders and drivers go home first.
    drop(demo);
    node.stop().await;
    Ok(())
}

/// What a person needs to know after a start.
fn greet(node: &Node, args: &Args) {
    if let Some(api) = node.api {
        note(&format!("API and console   http://{api}/        (interactive API page: http://{api}/docs/)"));
    }
    if let Some(objects) = node.objects {
        note(&format!("Objects (S3)      http://{objects}/"));
    }
    if let Some(metrics) = node.metrics {
        note(&format!("Metrics           http://{metrics}/metrics"));
    }
    if let Some(flight) = node.flight {
        note(&format!("Flight SQL        grpc://{flight}"));
    }
    if let Some(hive) = node.hive {
        note(&format!("HiveServer2       jdbc:hive2://{hive}/"));
    }
    if let Some(postgres) = node.postgres {
        note(&format!("PostgreSQL wire   postgres://{postgres}/default"));
    }
    let Some(key) = &node.admin_key else { return };
    let why = if node.first_start {
        "Admin key of this Doorstep; it is shown this once"
    } else {
        "A fresh admin key for this run, beside those that exist"
    };
    note(&format!("{why}:\n  access  {}\n  secret  {}", key.access, key.secret));
    if let (Some(api), true) = (node.api, args.demo.demo) {
        note(&format!("\nOpen the demo:\n  http://{api}/#key={}:{}\n", key.access, key.secret));
    }
}
