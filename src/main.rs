//! The `wirelab` program: everything is in the library's `cli`.

fn main() -> std::process::ExitCode {
    wirelab::cli::main()
}
