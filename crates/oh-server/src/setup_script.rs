//! `.openhands/setup.sh`: what a trusted repository wants done before the agent begins.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use oh_event::{Observation, RunAction};
use oh_session::WorkspaceSetup;

use crate::skills::TrustedPrograms;

const SCRIPT: &str = ".openhands/setup.sh";
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// In the data directory: the workspaces whose script has run, one a line.
const DONE: &str = "setup_done";
/// In the session directory: what the script printed.
const OUTPUT: &str = "setup.log";

/// Returns what is to run in a workspace: its script, if it has one that may run and has not.
pub(crate) fn find(
    workspace: &Path,
    programs: &TrustedPrograms,
    data_dir: &Path,
    session_dir: &Path,
) -> Option<WorkspaceSetup> {
    let folder = programs.setup.as_ref()?;
    let folder = workspace.join(folder).canonicalize().ok()?;
    let inner = folder.strip_prefix(workspace.canonicalize().ok()?).ok()?.to_str()?;
    // One line, whatever the name is.
    let name = format!("{:?}", folder.as_os_str());
    let done = data_dir.join(DONE);
    if std::fs::read_to_string(&done).unwrap_or_default().lines().any(|line| line == name) {
        return None;
    }
    let output = session_dir.join(OUTPUT);
    Some(WorkspaceSetup {
        action: RunAction {
            command: command(inner),
            is_static: true,
            hidden: true,
            ..RunAction::default()
        },
        time_limit: TIME_LIMIT,
        done: Box::new(move |observation| finish(&observation, &name, &done, &output)),
    })
}

/// The script runs in the folder that it belongs to, below the workspace.
fn command(inner: &str) -> String {
    if inner.is_empty() {
        return format!("bash {SCRIPT}");
    }
    let quoted = inner.replace('\'', "'\\''");
    format!("cd -- '{quoted}' && bash {SCRIPT}")
}

/// Keeps what the script printed, and returns what is wrong. A script that failed runs again the
/// next time.
fn finish(observation: &Observation, name: &str, done: &Path, output: &Path) -> Option<String> {
    let (text, exit_code) = match observation {
        Observation::Run(run) => {
            (format!("{}{}\n", run.content, run.metadata.suffix), run.metadata.exit_code)
        }
        other => (other.content().to_owned(), -1),
    };
    if let Err(error) = write_private(output, &text, OpenOptions::new().truncate(true)) {
        tracing::warn!(%error, path = %output.display(), "failed to keep what {SCRIPT} printed");
    }
    if exit_code == 0 {
        if let Err(error) =
            write_private(done, &format!("{name}\n"), OpenOptions::new().append(true))
        {
            tracing::warn!(%error, path = %done.display(), "failed to remember that {SCRIPT} has run");
        }
        return None;
    }
    let outcome = match exit_code {
        -1 => format!("did not end within {} s", TIME_LIMIT.as_secs()),
        code => format!("failed with exit code {code}"),
    };
    Some(format!("{SCRIPT} {outcome}; what it printed is in {}.", output.display()))
}

fn write_private(path: &Path, text: &str, options: &mut OpenOptions) -> std::io::Result<()> {
    options.write(true).create(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}
