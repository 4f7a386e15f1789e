//! `doorstep-tidy [ROOT]`: prints every broken rule; exit code 0 clean, 1 broken, 2 cannot run.
#![allow(clippy::print_stdout, reason = "a command line prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use doorstep_tidy::{RULES, Tree, check};

fn main() -> ExitCode {
    let root = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let tree = match Tree::read(&root) {
        Ok(tree) => tree,
        Err(reason) => {
            eprintln!("tidy cannot run: {reason:#}");
            return ExitCode::from(2);
        }
    };
    let broken = check(&tree);
    for (rule, violation) in &broken {
        println!("{violation} [{rule}]");
    }
    let (files, manifests, rules) = (tree.files.len(), tree.manifests.len(), RULES.len());
    if broken.is_empty() {
        println!("tidy: {files} files and {manifests} manifests keep {rules} rules");
        return ExitCode::SUCCESS;
    }
    println!("tidy: {} places break the house's rules", broken.len());
    ExitCode::FAILURE
}
