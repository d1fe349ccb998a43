//! The one place that puts the parts together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::handler::Handler;
use oh_config::Config;
use oh_event::ConversationId;
use oh_event_log::{Durability, EventLog, EventLogConfig};
use oh_llm::{LlmClient, WithPictures};
use oh_runtime::{GitLauncher, GitReader, Runtime};
use oh_session::{AgentConfig, ConversationManager, ManagerConfig};
use oh_store::{ConversationMetadata, Store};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::util::MapResponseLayer;
use tower_http::catch_panic::CatchPanicLayer;

use crate::agent_settings::{Overrides, agent_config};
use crate::auth::{KEY_FILE, OwnOrigins, Proxies, SessionKey, SessionKeys};
use crate::browser::Browsers;
use crate::compression;
use crate::cors;
use crate::equipment::Equipment;
use crate::listener::WatchedListener;
use crate::llm_choice::{LlmChoice, prefer};
use crate::mcp::McpServers;
use crate::opening::Opener;
use crate::pictures::Pictures;
use crate::preview::{self, Previews};
use crate::rate_limit::{self, RateLimiter};
use crate::rest;
use crate::sandbox::Sandboxes;
use crate::secrets::{self, Secrets};
use crate::serve::{ConnectionPlaces, Front, serve};
use crate::skills::Skills;
use crate::socket::EVENT_FRAMING;
use crate::state::{
    AppState, MAX_DOWNLOADS, MAX_GIT_LOOKS, MAX_LIVE_VIEWS, MAX_MODEL_TESTS, MAX_PEER_LOOKS,
    MAX_STRANGERS, Shared, SocketCount, places, plain_metadata,
};
use crate::titles;
use crate::tls::Tls;
use crate::trajectory;
use crate::transport::PollingSessions;
use crate::web;

/// How long sockets and sessions get to end.
const SHUTDOWN_TIME: std::time::Duration = std::time::Duration::from_secs(10);

/// How long a look at the repositories of a workspace may take.
const GIT_TIME: std::time::Duration = std::time::Duration::from_secs(10);

pub(crate) type RuntimeSource =
    Arc<dyn Fn(&ConversationId) -> std::io::Result<Arc<dyn Runtime>> + Send + Sync>;

/// Parts that can be brought instead of being made from the configuration.
#[derive(Clone, Default)]
pub struct Components {
    /// The model.
    pub llm: Option<Arc<dyn LlmClient>>,
    /// Makes the runtime of a conversation.
    pub runtime: Option<RuntimeSource>,
    /// A program that calls [`sandbox_main`](crate::sandbox_main) first, if this process does not.
    pub sandbox_program: Option<PathBuf>,
}

impl std::fmt::Debug for Components {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Components").field("llm", &self.llm).finish_non_exhaustive()
    }
}

/// A server that listens. Dropping it does not stop it; [`Self::shut_down`] does.
#[derive(Debug)]
pub struct RunningServer {
    state: AppState,
    address: SocketAddr,
    frontend_address: Option<SocketAddr>,
    tasks: JoinSet<()>,
}

/// Starts a server.
///
/// # Errors
/// Fails if the data directory or a port cannot be used; the message says which and what helps.
pub async fn start(config: Config, components: Components) -> Result<RunningServer> {
    let tls = config.server.tls.as_ref().map(|files| Tls::load(files.clone()).map(Arc::new));
    let tls = tls.transpose()?;
    let listener = bind(&config.server.host, config.server.port).await?;
    let address = listener.local_addr()?;
    let frontend = match config.server.frontend_port {
        Some(port) => Some(bind(&config.server.host, port).await?),
        None => None,
    };
    let frontend_address = frontend.as_ref().map(WatchedListener::local_addr).transpose()?;
    let ports = [Some(address), frontend_address].into_iter().flatten().map(|a| a.port()).collect();

    let (titles, title_queue) = mpsc::channel(titles::QUEUE);
    let state = compose(config, components, ports, titles, Overrides::default()).await?;
    let router = router(&state);
    let mut tasks = JoinSet::new();
    let (sandboxes, equipment) = (state.sandboxes.clone(), state.equipment.clone());
    tasks.spawn(async move {
        tokio::join!(sandboxes.status(), equipment.look());
    });
    let looking = state.clone();
    tasks.spawn(async move {
        if let Some(server) = looking.look_around().await {
            tracing::info!(name = server.name, model = server.model, "found a server of models");
        }
    });
    tasks.spawn(titles::give_titles(state.clone(), title_queue));
    let (manager, shutdown) = (state.manager.clone(), state.shutdown.clone());
    tasks.spawn(async move {
        let _ = shutdown.run_until_cancelled(manager.close_idle_sessions()).await;
    });
    tasks.spawn(state.polling.clone().outlive(state.shutdown.clone()));
    if let Some(collector) = rest::metrics::collector() {
        let shutdown = state.shutdown.clone();
        tasks.spawn(async move {
            let upkeep = async {
                loop {
                    tokio::time::sleep(rest::metrics::UPKEEP).await;
                    collector.run_upkeep();
                }
            };
            let _: Option<()> = shutdown.run_until_cancelled(upkeep).await;
        });
    }
    let (keys, shutdown) = (state.keys.clone(), state.shutdown.clone());
    let key_file = state.config.data_dir.join(KEY_FILE);
    tasks.spawn(async move {
        let _ = shutdown.run_until_cancelled(keys.follow_file(key_file)).await;
    });
    let following = state.clone();
    tasks.spawn(async move {
        let _ = following.shutdown.run_until_cancelled(following.follow_new_keys()).await;
    });
    if let Some(tls) = &tls {
        let (tls, shutdown) = (tls.clone(), state.shutdown.clone());
        tasks.spawn(async move {
            let _ = shutdown.run_until_cancelled(tls.follow_files()).await;
        });
    }
    let places = ConnectionPlaces::new(state.server().sockets.max_sockets);
    for listener in [Some(listener), frontend].into_iter().flatten() {
        let front = Front { tls: tls.clone(), places: places.clone(), router: router.clone() };
        tasks.spawn(serve(listener, front, state.shutdown.clone()));
    }
    Ok(RunningServer { state, address, frontend_address, tasks })
}

impl RunningServer {
    /// Returns the address of the API.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the second port, for the web interface.
    #[must_use]
    pub fn frontend_address(&self) -> Option<SocketAddr> {
        self.frontend_address
    }

    /// Returns `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.state.server().tls.is_some() { "https" } else { "http" }
    }

    /// Returns the session key, for the start banner.
    #[must_use]
    pub fn session_key(&self) -> String {
        self.state.keys.current().reveal().to_owned()
    }

    /// Returns the model that is asked.
    #[must_use]
    pub fn model(&self) -> String {
        self.state.llm.config().model
    }

    /// Returns what the server of models is called that was found on this machine, if it is used.
    pub async fn local_server(&self) -> Option<&'static str> {
        self.state.look_around().await.map(|server| server.name)
    }

    /// Returns how commands are confined, or why they do not run, in a line.
    pub async fn sandbox(&self) -> String {
        self.state.sandboxes.status().await.summary()
    }

    /// Ends every session and connection; clients are told to come back.
    pub async fn shut_down(mut self) {
        self.state.manager.shut_down().await;
        self.state.shutdown.cancel();
        let end = async {
            self.state.previews.shut_down().await;
            while self.tasks.join_next().await.is_some() {}
        };
        if tokio::time::timeout(SHUTDOWN_TIME, end).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
    }
}

async fn bind(host: &str, port: u16) -> Result<WatchedListener> {
    WatchedListener::bind(host, port).await.with_context(|| {
        format!(
            "cannot listen on {host}:{port}\nhint: another program may use the port; choose one with --port or BACKEND_PORT (VITE_FRONTEND_PORT for the web interface)"
        )
    })
}

/// Opens the database, making the data directory if it is missing.
pub(crate) fn open_data(config: &Config) -> Result<(EventLog, Store)> {
    make_private_dir(&config.data_dir)?;
    let path = config.data_dir.join("openhands.db");
    let log = EventLog::open(EventLogConfig {
        path: path.clone(),
        durability: if config.survives_power_cut { Durability::Fsync } else { Durability::Os },
        framing: EVENT_FRAMING,
    })
    .with_context(|| format!("failed to open `{}`", path.display()))?;
    let store = Store::open(&path, secrets::secret_key(config)?)?;
    Ok((log, store))
}

/// Makes everything but what listens.
pub(crate) async fn compose(
    config: Config,
    components: Components,
    ports: Vec<u16>,
    titles: mpsc::Sender<(ConversationId, String)>,
    overrides: Overrides,
) -> Result<AppState> {
    let (log, store) = open_data(&config)?;
    let data_dir = config.data_dir.clone();
    // In the foreground the environment is that of the user.
    let given = if overrides.is_headless { secrets::given_tokens(&config) } else { Vec::new() };
    let secrets = Secrets::load(store.clone(), given).await?;
    let mut settings = store.settings().await?;
    let keys = Arc::new(SessionKeys::new(match &config.server.session_api_key {
        Some(key) => SessionKey::explicit(key.clone()),
        None => SessionKey::load_or_create(&data_dir.join(KEY_FILE))
            .context("failed to read the session key")?,
    }));
    let mut configured = config.llm.clone().with_group(config.agent.llm_config.as_deref());
    if let Some(model) = &overrides.model {
        prefer(model, &mut configured, &mut settings);
    }
    let llm = Arc::new(match components.llm {
        Some(client) => LlmChoice::fixed(client, configured),
        None => LlmChoice::new(configured, settings.as_ref()),
    });
    let settings = Arc::new(Mutex::new(settings));
    let sandboxes = Sandboxes::new(&config, components.sandbox_program);
    let equipment = Equipment::new(&config);
    let pictures = Pictures::new(&data_dir);
    let browsers = Browsers::new(pictures.clone(), config.agent.shows_pages);
    let sockets = SocketCount::default();
    let mcp = McpServers::default();
    let previews = Previews::default();
    let skills = Skills::new(&config, store.clone());
    let opener = Opener {
        config: config.clone(),
        settings: settings.clone(),
        store: store.clone(),
        sandboxes: sandboxes.clone(),
        secrets: secrets.clone(),
        mcp: mcp.clone(),
        previews: previews.clone(),
        skills: skills.clone(),
        equipment: equipment.clone(),
        browsers: browsers.clone(),
        runtime: components.runtime,
    };
    let manager = ConversationManager::new(ManagerConfig {
        log: log.clone(),
        llm: {
            let (llm, find) = (llm.clone(), pictures.source());
            Arc::new(move |group| {
                let client = group.and_then(|group| llm.client_of(group));
                let client = client.unwrap_or_else(|| llm.client());
                Arc::new(WithPictures::new(client, find.clone()))
            })
        },
        checkout: {
            let opener = opener.clone();
            Arc::new(move |id| Box::pin(opener.clone().checkout(id.clone())))
        },
        runtime: Arc::new(move |id| Box::pin(opener.clone().prepare(id.clone()))),
        agent: {
            let (config, settings, llm) = (config.clone(), settings.clone(), llm.clone());
            let secrets = secrets.clone();
            Arc::new(move || {
                let settings = settings.lock().unwrap_or_else(PoisonError::into_inner);
                let model = llm.config().model;
                let agent = agent_config(&config, settings.as_ref(), &model, &overrides);
                AgentConfig { secrets: secrets.descriptions(), ..agent }
            })
        },
        on_delegation: {
            let store = store.clone();
            Arc::new(move |_, id, task| {
                let (store, id, task) = (store.clone(), id.clone(), task.to_owned());
                Box::pin(async move {
                    let title = titles::own_title(&task).unwrap_or_else(|| id.default_title());
                    let metadata = ConversationMetadata { title, ..plain_metadata(id, None) };
                    if let Err(error) = store.create_conversation(metadata).await {
                        tracing::warn!(%error, "a delegated conversation is in no list");
                    }
                })
            })
        },
        on_first_message: Arc::new(move |id, text| {
            // A conversation whose title finds no room keeps its default one.
            let _ = titles.try_send((id.clone(), text.to_owned()));
        }),
        on_end: {
            let (log, settings) = (log.clone(), config.trajectory.clone());
            let pictures = pictures.clone();
            Arc::new(move |id| {
                let (log, settings, id) = (log.clone(), settings.clone(), id.clone());
                let pictures = pictures.clone();
                Box::pin(async move { trajectory::save(&log, &pictures, &id, &settings).await })
            })
        },
        secrets: secrets.masked(),
        has_viewers: {
            let sockets = sockets.clone();
            Arc::new(move |id| sockets.count(id) > 0)
        },
        close_delay: config.lifecycle.close_delay,
        max_live: config.lifecycle.max_conversations,
    });
    let config_rate = config.server.rate_limit;
    let state = AppState::new(Shared {
        origins: OwnOrigins::new(ports, config.server.cors.clone())
            .with_names_below(config.server.preview_host.clone()),
        git: git_reader(&config)?,
        socket_places: places(config.server.sockets.max_sockets),
        proxies: Proxies::new(config.server.trusted_proxies.clone()),
        config,
        keys,
        log,
        store,
        secrets,
        manager,
        llm,
        sandboxes,
        equipment,
        browsers,
        live_views: Arc::new(Semaphore::new(MAX_LIVE_VIEWS)),
        pictures,
        mcp,
        previews,
        skills,
        settings,
        sockets,
        polling: PollingSessions::default(),
        downloads: Arc::new(Semaphore::new(MAX_DOWNLOADS)),
        git_looks: Semaphore::new(MAX_GIT_LOOKS),
        model_tests: Semaphore::new(MAX_MODEL_TESTS),
        rate_limit: RateLimiter::new(config_rate),
        logins: RateLimiter::new(Some(rate_limit::LOGINS)),
        strangers: Arc::new(Semaphore::new(MAX_STRANGERS)),
        peer_looks: Arc::new(Semaphore::new(MAX_PEER_LOOKS)),
        shutdown: CancellationToken::new(),
        started: std::time::Instant::now(),
    });
    state.mask_keys();
    Ok(state)
}

fn router(state: &AppState) -> Router {
    Router::new()
        .merge(rest::routes(state))
        .merge(crate::socket::routes())
        .fallback(web::serve.layer(compression::layer()))
        // Together, because each layer of a router costs every request a box and a copy of the rest.
        .layer((
            CatchPanicLayer::custom(rest::panicked),
            axum::middleware::from_fn_with_state(state.clone(), preview::answer),
            MapResponseLayer::new(web::complete),
            cors::layer(state),
            axum::middleware::from_fn_with_state(state.clone(), web::guard),
        ))
        .with_state(state.clone())
}

/// Returns what looks at the repositories of workspaces.
fn git_reader(config: &Config) -> Result<GitReader> {
    let scratch = std::path::absolute(config.data_dir.join("git"))?;
    // What a server that was killed left there is of no use to anybody.
    if let Err(error) = std::fs::remove_dir_all(&scratch)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %scratch.display(), "failed to delete");
    }
    Ok(GitReader {
        launcher: GitLauncher::default(),
        search_path: config.sandbox.host.path.clone(),
        scratch,
        time_limit: GIT_TIME,
    })
}

/// A conversation id as one path component that no other id shares.
pub(crate) fn folder_name(id: &ConversationId) -> String {
    id.as_str()
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c.to_string(),
            other => format!("%{:x}", u32::from(other)),
        })
        .collect()
}

fn make_private_dir(path: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| {
            format!(
                "cannot use the data directory `{}`\nhint: choose another one with --data-dir or FILE_STORE_PATH",
                path.display()
            )
        })
}
