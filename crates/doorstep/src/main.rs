//! The `doorstep` command.

fn main() -> std::process::ExitCode {
    doorstep::cli::run(std::env::args_os())
}
