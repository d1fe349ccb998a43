//! The command line.

mod errand;
mod import;
mod signals;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use oh_config::{Config, LogFormat, TlsFiles};
use oh_server::{CheckState, Components, LogWriter, RunningServer};
use tracing_subscriber::EnvFilter;

use errand::{Replay, Run};
use import::Import;
use signals::EndSignals;

/// A self-hosted coding-agent server that people watch and steer in real time.
#[derive(Debug, Parser)]
#[command(name = "openhands", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the server.
    Serve(Serve),
    /// Gives the agent a task and follows it to the end, without a server.
    Run(Run),
    /// Does again what was done in a recorded conversation.
    Replay(Replay),
    /// Prints the session key, which lets other machines in.
    Key(Key),
    /// Checks what the server needs on this machine, and says what helps.
    Doctor(Doctor),
    /// Takes over conversations, settings and secrets of OpenHands; can be done again.
    Import(Import),
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Address to listen on (BACKEND_HOST).
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on (BACKEND_PORT).
    #[arg(long)]
    port: Option<u16>,
    /// Second port, for the web interface (VITE_FRONTEND_PORT).
    #[arg(long)]
    frontend_port: Option<u16>,
    /// Configuration file, instead of config.toml.
    #[arg(long, visible_alias = "config-file")]
    config: Option<PathBuf>,
    /// Folder of the database and the workspaces (FILE_STORE_PATH).
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Level of the log: error, warn, info, debug, trace (LOG_LEVEL).
    #[arg(long)]
    log_level: Option<String>,
    /// One workspace for all conversations (SANDBOX_VOLUMES=DIR:/workspace).
    #[arg(long)]
    workspace: Option<PathBuf>,
    /// Folder of a built web interface to serve instead of our own.
    #[arg(long)]
    frontend_dir: Option<PathBuf>,
    /// Certificate for HTTPS, in PEM, with those that vouch for it.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Doctor {
    /// Configuration file, instead of config.toml.
    #[arg(long, visible_alias = "config-file")]
    config: Option<PathBuf>,
    /// Folder of the database and the workspaces (FILE_STORE_PATH).
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Key {
    /// Makes a new key; the old one stops working at once, also on open connections.
    #[arg(long)]
    rotate: bool,
    /// Configuration file, instead of config.toml.
    #[arg(long, visible_alias = "config-file")]
    config: Option<PathBuf>,
    /// Folder of the database and the workspaces (FILE_STORE_PATH).
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

pub(crate) fn run() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve(arguments) => serve(arguments),
        Command::Run(arguments) => errand::run(arguments),
        Command::Replay(arguments) => errand::replay(arguments),
        Command::Key(arguments) => key(&arguments),
        Command::Doctor(arguments) => doctor(arguments),
        Command::Import(arguments) => import::run(arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: Serve) -> Result<ExitCode> {
    let mut config = Config::load(arguments.config.as_deref(), &Config::environment())?;
    let server = &mut config.server;
    server.host = arguments.host.unwrap_or_else(|| server.host.clone());
    server.port = arguments.port.unwrap_or(server.port);
    server.frontend_port = arguments.frontend_port.or(server.frontend_port);
    server.frontend_dir = arguments.frontend_dir;
    server.log_level = arguments.log_level.unwrap_or_else(|| server.log_level.clone());
    if let (Some(certificate), Some(key)) = (arguments.tls_cert, arguments.tls_key) {
        server.tls = Some(TlsFiles { certificate, key });
    }
    config.data_dir = arguments.data_dir.unwrap_or(config.data_dir);
    config.workspace = arguments.workspace.or(config.workspace);
    start_log(&config);
    for warning in &config.warnings {
        tracing::warn!("configuration: {warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    runtime.block_on(async {
        // Commands must not inherit that a signal is ignored, so each gets a handler first.
        let mut end = EndSignals::listen()?;
        let (host, log_format) = (config.server.host.clone(), config.server.log_format);
        let server = oh_server::start(config, Components::default()).await?;
        let (found, sandbox) = (server.local_server().await, server.sandbox().await);
        match log_format {
            LogFormat::Pretty => say(&banner(&server, &host, found, &sandbox)),
            // Whoever reads records reads nothing else, and keeps them: the key is not in them.
            LogFormat::Json => tracing::info!(
                scheme = server.scheme(),
                api = %server.address(),
                interface = server.frontend_address().map(tracing::field::display),
                model = server.model(),
                sandbox,
                "OpenHands is running"
            ),
        }
        end.wait().await;
        tracing::info!("going down");
        server.shut_down().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn key(arguments: &Key) -> Result<ExitCode> {
    let config = Config::load(arguments.config.as_deref(), &Config::environment())?;
    let data_dir = arguments.data_dir.clone().unwrap_or(config.data_dir);
    std::fs::create_dir_all(&data_dir)
        .with_context(|| format!("cannot use the data directory `{}`", data_dir.display()))?;
    let key = if arguments.rotate {
        if config.server.session_api_key.is_some() {
            bail!("the key is set by SESSION_API_KEY; change it there and start the server again");
        }
        oh_server::rotate_session_key(&data_dir)
    } else {
        match config.server.session_api_key {
            Some(key) => Ok(key),
            None => oh_server::load_session_key(&data_dir),
        }
    };
    let key = key.context("failed to read or write the session key")?;
    writeln!(std::io::stdout(), "{key}").context("failed to print the key")?;
    Ok(ExitCode::SUCCESS)
}

fn doctor(arguments: Doctor) -> Result<ExitCode> {
    let mut config = Config::load(arguments.config.as_deref(), &Config::environment())?;
    config.data_dir = arguments.data_dir.unwrap_or(config.data_dir);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let checks = runtime.block_on(oh_server::doctor(&config));
    let text: String = checks.iter().map(|check| format!("{check}\n")).collect();
    write!(std::io::stdout(), "{text}").context("failed to print")?;
    let is_bad = checks.iter().any(|check| check.state == CheckState::Bad);
    Ok(if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn start_log(config: &Config) {
    let level = &config.server.log_level;
    // The libraries of protocols log whole answers of others, which may repeat a key; what matters
    // of them comes back as a failure.
    let filter =
        EnvFilter::try_new(format!("warn,genai=off,rmcp=off,oh={level},openhands={level}"))
            .unwrap_or_else(|_| EnvFilter::new("info"));
    let names = [
        "agent",
        "config",
        "event_log",
        "git_host",
        "llm",
        "mcp",
        "runtime",
        "server",
        "session",
        "store",
    ];
    let filter =
        names.iter().fold(filter, |filter, name| match format!("oh_{name}={level}").parse() {
            Ok(directive) => filter.add_directive(directive),
            Err(_) => filter,
        });
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(LogWriter::default);
    match config.server.log_format {
        LogFormat::Json => log.json().init(),
        LogFormat::Pretty => {
            log.with_ansi(config.server.has_colors && std::io::stderr().is_terminal()).init();
        }
    }
}

/// What a person needs to know after the start.
fn banner(
    server: &RunningServer,
    host: &str,
    found: Option<&'static str>,
    sandbox: &str,
) -> String {
    let port = server.address().port();
    let page = server.frontend_address().map_or(port, |address| address.port());
    let scheme = server.scheme();
    let mut text = format!(
        "\n  OpenHands is running.\n\n  Web interface   {scheme}://localhost:{page}\n  API             {scheme}://localhost:{port}\n"
    );
    if !matches!(host, "127.0.0.1" | "localhost" | "::1") {
        let key = server.session_key();
        text.push_str(&format!("  Other machines  {scheme}://<this machine>:{page}/#key={key}\n"));
    }
    text.push_str(&format!("  Model           {}\n", server.model()));
    if let Some(name) = found {
        text.push_str(&format!("                  Found {name} on this machine. Set LLM_MODEL or use the settings to choose another model.\n"));
    }
    if server.model() == "demo" {
        text.push_str("                  A scripted demonstration. Choose a model in the settings or set LLM_MODEL and LLM_API_KEY.\n");
    }
    text.push_str(&format!("  Sandbox         {sandbox}\n"));
    text
}

/// A terminal that is gone is no reason to stop.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
