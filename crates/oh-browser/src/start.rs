//! How the browser is started.

/// How to start a browser, and what talks to it.
///
/// The browser speaks over pipes: no port is opened that a page could speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserProgram {
    /// Its name or path.
    pub command: String,
    /// What follows the name.
    pub arguments: Vec<String>,
}

/// Puts the pipes where the browser wants them, and makes room for its profile.
///
/// `OPENHANDS_PAGE_PROXY` says through what pages reach the network, and `OPENHANDS_PAGE_LOOPBACK`
/// whether that is so for this machine too. `exec` keeps one process.
const SCRIPT: &str = r#"
profile=${HOME:-/tmp}/.cache/openhands-browser
mkdir -p "$profile" && rm -f "$profile"/Singleton*
mkdir -p "$DOWNLOADS" 2>/dev/null
if [ -n "$OPENHANDS_PAGE_PROXY" ]; then
    set -- "$@" "--proxy-server=$OPENHANDS_PAGE_PROXY"
    if [ "$OPENHANDS_PAGE_LOOPBACK" = proxy ]; then set -- "$@" "--proxy-bypass-list=<-loopback>"; fi
fi
unset OPENHANDS_PAGE_PROXY OPENHANDS_PAGE_LOOPBACK http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
exec "$@" "--user-data-dir=$profile" about:blank 3<&0 4>&1 </dev/null >/dev/null
"#;

/// What the browser is told. It is confined by the sandbox around it and cannot make one inside.
const FLAGS: [&str; 30] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    // No traffic past the proxy.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider,AcceptCHFrame,AutofillServerCommunication,CertificateTransparencyComponentUpdater,WebTransport,InterestFeedContentSuggestions",
    "--dns-prefetch-disable",
    "--no-pings",
    // No traffic of its own.
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    "--mute-audio",
    "--window-size=1280,720",
    "--disk-cache-size=67108864",
    "--renderer-process-limit=6",
    "--mute-audio",
];

impl BrowserProgram {
    /// Returns how to start the browser at `path`.
    #[must_use]
    pub fn new(path: &str, downloads: &str) -> Self {
        let script = SCRIPT.replace("$DOWNLOADS", downloads_variable(downloads).as_str());
        let begin = ["-c", script.as_str(), "browser", path].map(str::to_owned);
        let arguments = begin.into_iter().chain(FLAGS.map(str::to_owned)).collect();
        Self { command: "bash".to_owned(), arguments }
    }
}

/// Quotes a path for the script.
fn downloads_variable(path: &str) -> String {
    path.replace(['"', '$', '`', '\\'], "_")
}
