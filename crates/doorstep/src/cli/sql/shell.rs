//! The terminal: lines with history and completion, commands that begin with a backslash.
#![allow(clippy::print_stdout, reason = "the command line prints results")]

use std::{path::PathBuf, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustyline::{Editor, error::ReadlineError, history::FileHistory};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{
    Args,
    lines::Words,
    source::{Form, Source},
    split, table,
};
use crate::cli::output::note;

const HELP: &str = "\
  \\d             tables and views            \\d NAME   columns of one
  \\l             databases                   \\stats    tell what statements take, or stop it
  \\q             end                         Ctrl-C    call a statement off, or drop what is written
  Everything else is SQL and ends with ;     Tab completes, arrows recall";
/// Before this nothing is shown of a statement that runs.
const PATIENCE: Duration = Duration::from_millis(400);

/// Runs until the user ends it.
pub(super) fn run(runtime: &Runtime, source: &Source, args: &Args) -> anyhow::Result<()> {
    let mut editor: Editor<Words, FileHistory> = Editor::new()?;
    let history = history_file();
    if let Some(file) = &history {
        // A first run has none.
        let _ = editor.load_history(file);
    }
    let tables = runtime.block_on(source.tables())?;
    editor.set_helper(Some(Words::of(&tables)));
    note("Doorstep SQL. \\? helps, \\d lists tables, statements end with ;");
    let (mut text, mut stats) = (String::new(), args.stats);
    loop {
        let prompt = if text.is_empty() { "doorstep> " } else { "     ...> " };
        match editor.readline(prompt) {
            Ok(line) if text.is_empty() && line.trim().is_empty() => {}
            Ok(line) if text.is_empty() && line.trim_start().starts_with('\\') => {
                let _ = editor.add_history_entry(line.trim());
                match line.trim() {
                    "\\q" => break,
                    "\\stats" => stats = !stats,
                    other => command(runtime, source, other),
                }
            }
            Ok(line) => {
                text.push_str(&line);
                text.push('\n');
                if split::is_whole(&text) {
                    let _ = editor.add_history_entry(text.trim().replace('\n', " "));
                    for statement in split::statements(&text) {
                        if let Err(error) = runtime.block_on(watched(source, statement, args, stats)) {
                            note(&format!("{error:#}"));
                        }
                    }
                    text.clear();
                    if let Ok(tables) = runtime.block_on(source.tables()) {
                        editor.set_helper(Some(Words::of(&tables)));
                    }
                }
            }
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(file) = &history {
        let _ = editor.save_history(file);
    }
    Ok(())
}

/// In the user's state directory, if there is one.
fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let dir = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?.join("doorstep");
    std::fs::create_dir_all(&dir).ok()?;
    Some(dir.join("sql_history"))
}

/// Runs a statement with a bar if it takes long; Ctrl-C calls it off.
async fn watched(source: &Source, statement: &str, args: &Args, stats: bool) -> anyhow::Result<()> {
    let Form::Table { max_rows } = args.form() else { return source.run(statement, args.form(), stats).await };
    let bar = ProgressBar::hidden();
    bar.set_length(100);
    let watch = async {
        tokio::time::sleep(PATIENCE).await;
        let style = ProgressStyle::with_template("{spinner} {bar:30} {percent:>3}% {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_draw_target(ProgressDrawTarget::stderr());
        loop {
            if let Some(part) = progress(source).await {
                bar.set_position((part * 100.0) as u64);
            }
            bar.tick();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let done = tokio::select! {
        done = source.object(statement, max_rows) => done,
        () = watch => unreachable!("the bar is watched for ever"),
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("called off")),
    };
    bar.finish_and_clear();
    table::show(&done?, stats);
    Ok(())
}

async fn progress(source: &Source) -> Option<f64> {
    match source {
        Source::Remote(remote) => remote.progress().await,
        Source::Here { lake, .. } => {
            use doorstep_lake::Engine as _;
            lake.engine.queries().last().map(|query| query.progress())
        }
    }
}

fn command(runtime: &Runtime, source: &Source, line: &str) {
    let (word, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let tables = match runtime.block_on(source.tables()) {
        Ok(tables) => tables.as_array().cloned().unwrap_or_default(),
        Err(error) => return note(&format!("{error:#}")),
    };
    let heads = |names: &[&str]| names.iter().map(|n| serde_json::json!({"name": n})).collect::<Vec<Value>>();
    match (word, name.trim().trim_end_matches(';')) {
        ("\\d", "") => println!("{}", table::drawn(&heads(&["database", "name", "kind", "rows", "about"]), &tables)),
        ("\\d", name) => {
            let bare = name.rsplit('.').next().unwrap_or(name);
            match tables.iter().find(|t| t["name"] == bare) {
                Some(found) => {
                    let columns = found["columns"].as_array().cloned().unwrap_or_default();
                    println!("{}", table::drawn(&heads(&["name", "type", "about"]), &columns));
                }
                None => note(&format!("there is no table {name}; \\d lists them")),
            }
        }
        ("\\l", _) => {
            let mut names: Vec<&str> = tables.iter().filter_map(|t| t["database"].as_str()).collect();
            names.sort_unstable();
            names.dedup();
            println!("{}", names.join("\n"));
        }
        ("\\?", _) => println!("{HELP}"),
        _ => note(&format!("{word} is no command here; \\? tells which are")),
    }
}
