//! The binary. All of it is in the library, so that tests can start the same server.

fn main() -> std::process::ExitCode {
    standpipe::commands::main()
}
