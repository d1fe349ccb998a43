use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::{GitError, GitReader};

/// Most bytes kept of what git says about a failure.
const MAX_MESSAGE: usize = 4 * 1024;

/// What a finished git wrote.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) bytes: Vec<u8>,
    /// There was more; git was ended.
    pub(crate) is_cut: bool,
    message: String,
}

impl Output {
    /// Fails unless git succeeded, or was ended because it said enough.
    pub(crate) fn checked(self) -> Result<Self, GitError> {
        if self.is_cut || self.code == Some(0) {
            Ok(self)
        } else {
            Err(GitError::Failed { message: self.message })
        }
    }
}

impl GitReader {
    /// Runs git on a git directory of ours and keeps at most `limit` bytes of its output.
    pub(crate) async fn run(
        &self,
        git_dir: &Path,
        work_tree: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        limit: usize,
    ) -> Result<Output, GitError> {
        let program = self.program()?;
        let words = self.launcher.prefix.iter().map(OsString::as_os_str);
        let mut words = words.chain([program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or(program.as_os_str()));
        command
            .args(words)
            .arg("--no-pager")
            .args(arguments)
            .current_dir(work_tree)
            .env_clear()
            .envs(environment(self, git_dir, work_tree))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut group = Group(command.spawn().map_err(GitError::io("start git"))?);
        let (stdout, stderr) = (group.0.stdout.take(), group.0.stderr.take());
        let work = async {
            let (output, message) = tokio::join!(read(stdout, limit), read(stderr, MAX_MESSAGE));
            (output, message)
        };
        let ((bytes, is_cut), (message, _)) = work.await;
        if is_cut {
            group.kill();
        }
        let status = group.0.wait().await.map_err(GitError::io("wait for git"))?;
        let message = String::from_utf8_lossy(&message).trim().to_owned();
        Ok(Output { code: status.code(), bytes, is_cut, message })
    }
}

/// Reads up to a limit, and says whether there is more.
async fn read(source: Option<impl AsyncRead + Unpin>, limit: usize) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let Some(source) = source else { return (bytes, false) };
    let mut source = source.take(limit as u64 + 1);
    // A pipe that breaks ends here; the exit status tells the rest.
    let _ = source.read_to_end(&mut bytes).await;
    let is_cut = bytes.len() > limit;
    bytes.truncate(limit);
    (bytes, is_cut)
}

/// Git and whatever it started; all of it ends with this.
struct Group(Child);

impl Group {
    fn kill(&self) {
        // A child that was waited for has no id any more, so no other group is hit.
        if let Some(pid) = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The whole environment of git: nothing of the user's, the machine's or the server's.
fn environment(
    reader: &GitReader,
    git_dir: &Path,
    work_tree: &Path,
) -> impl Iterator<Item = (&'static str, OsString)> {
    const FIXED: [(&str, &str); 18] = [
        ("HOME", "/nonexistent"),
        ("XDG_CONFIG_HOME", "/nonexistent"),
        ("LANG", "C"),
        ("LC_ALL", "C"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_CEILING_DIRECTORIES", "/"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", "false"),
        ("GIT_SSH_COMMAND", "false"),
        ("GIT_EDITOR", "false"),
        ("GIT_PAGER", "cat"),
        ("GIT_ALLOW_PROTOCOL", ""),
    ];
    let path = reader.search_path.clone().unwrap_or_else(|| "/usr/bin:/bin".into());
    let absolute = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let path = std::env::join_paths(absolute).unwrap_or_default();
    let places = [
        ("PATH", path),
        ("GIT_DIR", git_dir.as_os_str().to_owned()),
        ("GIT_WORK_TREE", work_tree.as_os_str().to_owned()),
    ];
    FIXED.into_iter().map(|(name, value)| (name, value.into())).chain(places)
}
