//! `doorstep sql`: statements over the lake's tables, one by one or in a terminal.

mod lines;
mod remote;
mod shell;
mod source;
mod split;
mod table;

use std::{io::IsTerminal as _, io::Read as _, path::PathBuf};

use anyhow::Context as _;

use self::source::{Form, Source};

const EXAMPLE: &str = "\
Examples:
  doorstep sql                                   a terminal over the data directory of a Doorstep that is not running
  doorstep sql --server http://127.0.0.1:8080 --key key_…:secret
                                                 a terminal on a running one
  doorstep sql 'SELECT kind, count(*) FROM order_events GROUP BY kind'
  doorstep sql --json 'SELECT * FROM rides ORDER BY wait_s DESC LIMIT 10'
  doorstep sql --csv --file report.sql > report.csv
  doorstep sql --stats --json 'SELECT 1'         a last line tells wall_ms, cpu_ms, bytes_scanned, rows

In the terminal: end statements with ;   \\d lists tables, \\d orders its columns, \\l databases, \\q ends, \\? helps.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The statement; several end with ; each. Without one, a terminal, or statements from standard input
    statement: Option<String>,
    /// Statements from a file
    #[arg(long, value_name = "FILE", conflicts_with = "statement")]
    file: Option<PathBuf>,
    /// Address of a running Doorstep's API; DOORSTEP_SERVER names one too
    #[arg(long, value_name = "URL", env = "DOORSTEP_SERVER")]
    server: Option<String>,
    /// Access key and secret for it, as access:secret
    #[arg(long, value_name = "KEY", env = "DOORSTEP_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Without a server: the TOML file with settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Without a server: the data directory
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Whose tables, without a server
    #[arg(long, value_name = "ID", default_value = doorstep_identity::MAIN_TENANT)]
    tenant: String,
    /// The database for bare names
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Rows as JSON lines
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Rows as CSV
    #[arg(long)]
    csv: bool,
    /// Tell what each statement took
    #[arg(long)]
    stats: bool,
    /// Rows shown of an answer; --json and --csv print all
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_rows: u32,
}

impl Args {
    fn form(&self) -> Form {
        match (self.json, self.csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            _ => Form::Table { max_rows: self.max_rows as usize },
        }
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let source = runtime.block_on(Source::open(&args))?;
    let text = match (&args.statement, &args.file) {
        (Some(text), _) => Some(text.clone()),
        (None, Some(file)) => {
            Some(std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?)
        }
        (None, None) if std::io::stdin().is_terminal() => None,
        (None, None) => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            Some(text)
        }
    };
    let done = match text {
        Some(text) => runtime.block_on(batch(&source, &text, &args)),
        None => shell::run(&runtime, &source, &args),
    };
    runtime.block_on(source.close());
    done
}

/// Statements one after the other; the first that fails ends it.
async fn batch(source: &Source, text: &str, args: &Args) -> anyhow::Result<()> {
    for statement in split::statements(text) {
        source.run(statement, args.form(), args.stats).await?;
    }
    Ok(())
}
