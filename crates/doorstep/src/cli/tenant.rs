//! `doorstep tenant`: the companies on one Doorstep, straight in the store.

use clap::Subcommand;
use serde_json::json;

use super::{key::Which, output::Output};

const EXAMPLE: &str = "\
Examples:
  doorstep tenant create night-cabs            a company, and its admin key
  doorstep tenant list --json
  doorstep key create 'rider app' --scopes rider --tenant night-cabs

Tenants share the cities and nothing else: riders of one are served by its drivers only, and none sees another's
orders, drivers, events or keys. A secret is shown once. A running Doorstep knows a new tenant at once.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a tenant and its admin key; the secret is shown once
    Create {
        /// Its id: small letters, digits and dashes, beginning with a letter
        id: String,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
    /// List tenants
    List {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(act(args.action))
}

async fn act(action: Action) -> anyhow::Result<()> {
    match action {
        Action::Create { id, which, output } => {
            let made = which.keys()?.create_tenant(&id).await?;
            let value = json!({"tenant": id, "access": made.access, "secret": made.secret, "scopes": made.key.scopes});
            output.print(&value, || {
                format!(
                    "access  {}\nsecret  {}\nThe admin of {id}. The secret is not shown again.",
                    made.access, made.secret
                )
            })
        }
        Action::List { which, output } => {
            let tenants = which.keys()?.tenants().await?;
            output.print(&tenants, || {
                let line = |tenant: &doorstep_identity::Tenant| {
                    format!("{:<40}  since {}", tenant.id.as_str(), tenant.created_at)
                };
                tenants.iter().map(line).collect::<Vec<_>>().join("\n")
            })
        }
    }
}
