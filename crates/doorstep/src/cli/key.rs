//! `doorstep key`: access keys, straight in the store, for whoever has the data directory.

use std::path::PathBuf;

use clap::Subcommand;
use doorstep_clock::Timestamp;
use doorstep_identity::{Key, Keys, MAIN_TENANT, Scope, ScopeSet, TenantId};
use serde_json::json;

use super::output::Output;
use crate::{
    config::{Loaded, Loader},
    node,
};

const EXAMPLE: &str = "\
Examples:
  doorstep key create 'rider app' --scopes rider
  doorstep key create 'night shift' --scopes driver,operator --expires 2030-01-01T00:00:00Z --json
  doorstep key list
  doorstep key list --tenant night-cabs
  doorstep key revoke key_0193523c9d6a7b1e8f00112233445566

A secret is shown once. A running Doorstep takes a new key at once and drops a revoked one within five seconds.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and show its secret, once
    Create {
        /// What the key is called
        name: String,
        /// What it may do: rider, driver, merchant, operator, partner, admin
        #[arg(long, value_delimiter = ',', required = true, value_parser = scope)]
        scopes: Vec<Scope>,
        /// When it ends by itself, RFC 3339
        #[arg(long, value_name = "TIME", value_parser = time)]
        expires: Option<Timestamp>,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
    /// List keys, never their secrets
    List {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
    /// End a key
    Revoke {
        /// The key's id, its public half
        id: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
}

/// Whose keys.
#[derive(Debug, clap::Args)]
struct Of {
    /// The tenant that the key belongs to
    #[arg(long, value_name = "ID", default_value = MAIN_TENANT)]
    tenant: String,
}

impl Of {
    fn id(&self) -> TenantId {
        TenantId::new(&self.tenant)
    }
}

/// Which store.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The TOML file that names the store; DOORSTEP_CONFIG names one too
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of everything durable
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// sqlite:///path or postgres://…
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl Which {
    pub(super) fn keys(&self) -> anyhow::Result<Keys> {
        let loaded = self.load()?;
        node::keys(&loaded.config, &node::open_store(&loaded.config)?)
    }

    /// The store itself.
    pub(super) fn store(&self) -> anyhow::Result<doorstep_store::Store> {
        node::open_store(&self.load()?.config)
    }

    fn load(&self) -> anyhow::Result<Loaded> {
        let loaded = Loader::from_environment()
            .file(self.config.as_deref())
            .flag("--data", "data", self.data.clone())
            .flag("--store", "store", self.store.clone())
            .load()?;
        Ok(loaded)
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|error: doorstep_identity::UnknownScope| error.to_string())
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(act(args.action))
}

async fn act(action: Action) -> anyhow::Result<()> {
    match action {
        Action::Create { name, scopes, expires, of, which, output } => {
            let scopes: ScopeSet = scopes.into_iter().collect();
            let made = which.keys()?.create(&of.id(), &name, scopes, expires).await?;
            let mut value = row(&made.key);
            value["secret"] = json!(made.secret);
            output.print(&value, || {
                format!(
                    "access  {}\nsecret  {}\nIt may: {scopes}. The secret is not shown again.",
                    made.access, made.secret
                )
            })
        }
        Action::List { of, which, output } => {
            let keys = all(&which.keys()?, &of.id()).await?;
            let rows: Vec<_> = keys.iter().map(row).collect();
            output.print(&rows, || {
                let lines: Vec<String> = keys.iter().map(line).collect();
                lines.join("\n")
            })
        }
        Action::Revoke { id, of, which, output } => {
            let key = which.keys()?.revoke(&of.id(), &id).await?;
            output.print(&row(&key), || format!("{} ({}) is revoked", key.id, key.name))
        }
    }
}

async fn all(keys: &Keys, tenant: &TenantId) -> anyhow::Result<Vec<Key>> {
    let mut all: Vec<Key> = Vec::new();
    loop {
        let after = all.last().map(|key| key.id.to_string());
        let page = keys.list(tenant, after.as_deref(), 200).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

fn row(key: &Key) -> serde_json::Value {
    json!({
        "access": key.id, "name": key.name, "scopes": key.scopes, "created_at": key.created_at,
        "expires_at": key.expires_at, "revoked_at": key.revoked_at,
    })
}

fn line(key: &Key) -> String {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => "valid".to_owned(),
    };
    format!("{}  {:<24}  {:<24}  {state}", key.id, key.name, key.scopes.to_string())
}
