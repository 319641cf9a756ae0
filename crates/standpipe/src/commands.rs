//! The command line: what can be asked, and who answers it.

mod admin;
mod announce;
mod audit;
mod client;
mod mail;
mod reference;
mod serve;

pub use reference::cli_reference;

use std::{io::Write, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, Parser, Subcommand};

use crate::{
    Environment, Error, Result, ambient,
    config::{Config, Loaded, Log, Sources},
    logs,
};

/// A developer account for self-hosted SQL workspaces: console, API and a gateway for PostgreSQL clients.
#[derive(Debug, Parser)]
#[command(name = "standpipe", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run console, API, gateway and workers until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// What the operator does at this machine, with or without a running server.
    Admin(AdminCommand),
    #[command(flatten)]
    Client(client::Client),
    #[command(flatten)]
    Reference(reference::Reference),
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct AdminCommand {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: admin::Admin,
}

/// The keys of the configuration that are flags.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
struct Options {
    /// The configuration file [default: standpipe.toml, if there is one here].
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "STANDPIPE_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    /// Where everything is kept.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    data_dir: Option<String>,
    /// The account store, if it is not SQLite in the data directory.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Where people reach the console.
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Where to listen for console and API.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    http_listen: Option<String>,
    /// Where to listen for console and API over TLS, or "off".
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    https_listen: Option<String>,
    /// Where to listen for PostgreSQL clients.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    gateway_listen: Option<String>,
    /// The domain of workspace host names.
    #[arg(long, global = true, value_name = "DOMAIN")]
    gateway_domain: Option<String>,
    /// Where to listen for questions about names, or "off".
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    dns_listen: Option<String>,
    /// error, warn, info, debug, or directives.
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// human or json.
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Options {
    /// These, and where one was not given, that of `before`: options stand before or after the command's name.
    fn or(self, before: Self) -> Self {
        Self {
            config: self.config.or(before.config),
            data_dir: self.data_dir.or(before.data_dir),
            database_url: self.database_url.or(before.database_url),
            public_url: self.public_url.or(before.public_url),
            http_listen: self.http_listen.or(before.http_listen),
            https_listen: self.https_listen.or(before.https_listen),
            gateway_listen: self.gateway_listen.or(before.gateway_listen),
            gateway_domain: self.gateway_domain.or(before.gateway_domain),
            dns_listen: self.dns_listen.or(before.dns_listen),
            log_level: self.log_level.or(before.log_level),
            log_format: self.log_format.or(before.log_format),
        }
    }

    fn load(self) -> Result<Loaded> {
        let flags = [
            ("data_dir", "--data-dir", self.data_dir),
            ("database_url", "--database-url", self.database_url),
            ("public_url", "--public-url", self.public_url),
            ("http.listen", "--http-listen", self.http_listen),
            ("https.listen", "--https-listen", self.https_listen),
            ("gateway.listen", "--gateway-listen", self.gateway_listen),
            ("gateway.domain", "--gateway-domain", self.gateway_domain),
            ("dns.listen", "--dns-listen", self.dns_listen),
            ("log.level", "--log-level", self.log_level),
            ("log.format", "--log-format", self.log_format),
        ];
        Config::load(&Sources {
            file: self.config,
            directory: ambient::working_directory(),
            variables: ambient::variables(),
            flags: flags
                .into_iter()
                .filter_map(|(key, flag, value)| Some((key, flag, value?)))
                .collect(),
        })
    }
}

/// Runs the command that the process was started with. Exit code 1 is a failure, told on stderr; 2 a wrong usage.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            let report = error.report();
            for line in report.lines() {
                // Without a terminal there is nobody to tell.
                let _ = writeln!(std::io::stderr(), "standpipe: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::system("start the runtime"))?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(serve) => {
                // In here, because a mail server's URL is checked by what will use it, and that needs a runtime.
                let loaded = serve.options.or(cli.options).load()?;
                logs::start(&loaded.config.log)?;
                serve::run(&loaded.config).await
            }
            Command::Admin(admin) => {
                let loaded = admin.options.or(cli.options).load()?;
                // An operator's command speaks by its output; its log only of what is wrong.
                logs::start(&Log {
                    level: "warn".to_owned(),
                    ..loaded.config.log.clone()
                })?;
                admin.command.run(&loaded).await
            }
            Command::Client(command) => command.run().await,
            Command::Reference(command) => command.run(),
        }
    })
}

/// The process's surroundings; links are printed.
fn environment() -> Environment {
    Environment {
        clock: ambient::clock(),
        random: ambient::random(),
        on_link: Arc::new(|link| {
            let _ = print(&format!("Sign-in link: {link}"));
        }),
        search_path: ambient::search_path(),
        runtime_dir: ambient::runtime_dir(),
        network: app::Network::internet(),
    }
}

/// One line on stdout, at once.
fn print(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(Error::system("write to stdout"))
}
