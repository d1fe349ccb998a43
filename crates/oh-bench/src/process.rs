//! A server of our own: started, watched, ended.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::http::Http;
use crate::target::Target;

/// How long a start may take before it has failed.
const START_TIME: Duration = Duration::from_secs(30);
const POLL_TIME: Duration = Duration::from_micros(500);

/// A running server; dropping it kills it and removes its data.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    pub(crate) target: Target,
    /// From the start of the process to the first healthy answer.
    pub(crate) start_time: Duration,
    child: Child,
    folder: TempDir,
}

impl ServerProcess {
    /// Starts a server whose model is at `model_url`, with nothing else configured.
    pub(crate) async fn start(binary: &Path, model_url: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("failed to make a folder")?;
        let listener =
            std::net::TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
        let port = listener.local_addr()?.port();
        drop(listener);
        let log = std::fs::File::create(folder.path().join("log"))?;
        let target = Target { authority: format!("127.0.0.1:{port}"), key: None };
        let begin = Instant::now();
        let mut child = Command::new(binary)
            .args(["serve", "--host", "127.0.0.1", "--port", &port.to_string(), "--data-dir"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
            .env("HOME", folder.path())
            .env("LLM_MODEL", "openai/scripted")
            .env("LLM_BASE_URL", model_url)
            .env("LLM_API_KEY", "x")
            .env("MAX_CONCURRENT_CONVERSATIONS", "0")
            .env("MAX_ITERATIONS", "1000000")
            .env("SERVER_RATE_LIMIT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("failed to start `{}`", binary.display()))?;
        while !is_healthy(&target).await {
            if let Some(status) = child.try_wait()? {
                let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
                bail!("the server ended with {status}: {}", log.trim());
            }
            if begin.elapsed() > START_TIME {
                bail!("the server did not become healthy within {} s", START_TIME.as_secs());
            }
            tokio::time::sleep(POLL_TIME).await;
        }
        Ok(Self { target, start_time: begin.elapsed(), child, folder })
    }

    /// Returns the resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> Result<f64> {
        let pid = self.child.id().context("the server has ended")?;
        let path = format!("/proc/{pid}/status");
        let status =
            std::fs::read_to_string(&path).with_context(|| format!("failed to read `{path}`"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let digits = line.and_then(|rest| rest.split_whitespace().next());
        digits.and_then(|digits| digits.parse().ok()).context("there is no VmRSS")
    }

    /// Returns the processor time that the server has used, in seconds.
    pub(crate) fn processor_seconds(&self) -> Result<f64> {
        /// Linux counts in hundredths of a second, whatever the kernel's own tick is.
        const TICKS: f64 = 100.0;
        let pid = self.child.id().context("the server has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name of the program, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')').context("odd /proc/<pid>/stat")?;
        let times = fields.split_whitespace().skip(11).take(2);
        Ok(times.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS)
    }

    /// Ends the server in peace, so that what it started ends too.
    pub(crate) async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            let kill = Command::new("kill").arg(pid.to_string()).status().await;
            if kill.is_ok() {
                drop(tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await);
            }
        }
        drop(self.folder);
    }
}

async fn is_healthy(target: &Target) -> bool {
    let ask = async { Http::connect(target).await?.exchange("GET", "/api/health", "").await };
    ask.await.is_ok_and(|(status, _)| status == 200)
}
