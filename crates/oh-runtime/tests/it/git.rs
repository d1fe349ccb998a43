//! Changes and diffs of real repositories.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use oh_runtime::{FileDiff, GitChanges, GitError, GitLauncher, GitReader, GitStatus, Workspace};
use tempfile::TempDir;

/// A workspace with repositories, made by a git of the user's own.
pub(crate) struct Repositories {
    pub(crate) folder: TempDir,
    pub(crate) reader: GitReader,
}

impl Repositories {
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("workspace")).unwrap();
        let reader = GitReader {
            launcher: GitLauncher::default(),
            search_path: std::env::var_os("PATH"),
            scratch: folder.path().join("scratch"),
            time_limit: Duration::from_secs(60),
        };
        Self { folder, reader }
    }

    /// One repository, whose files are in the workspace, with a commit.
    pub(crate) fn new() -> Self {
        let all = Self::empty();
        all.git("", &["init", "-q", "-b", "main"]);
        all.write("committed.txt", "one\n");
        all.commit("");
        all
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("workspace").join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    pub(crate) fn git(&self, directory: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=T", "-c", "user.email=t@example.com"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.path(directory))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {message}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn commit(&self, directory: &str) {
        self.git(directory, &["add", "-A"]);
        self.git(directory, &["commit", "-q", "-m", "commit"]);
    }

    pub(crate) fn workspace(&self) -> Arc<Workspace> {
        Arc::new(Workspace::open(&self.path("")).unwrap())
    }

    pub(crate) async fn look(&self) -> Result<Option<GitChanges>, GitError> {
        let result = self.reader.changes(self.workspace()).await;
        // Nothing is left of the look.
        let left = fs::read_dir(&self.reader.scratch).map_or(0, Iterator::count);
        assert_eq!(left, 0);
        result
    }

    /// The changes as `M path` lines.
    pub(crate) async fn changes(&self) -> Vec<String> {
        let found = self.look().await.unwrap().unwrap();
        assert!(!found.is_truncated);
        let letter = |status| match status {
            GitStatus::Added => 'A',
            GitStatus::Modified => 'M',
            GitStatus::Deleted => 'D',
            GitStatus::Unmerged => 'U',
        };
        let line = |path: &Path, status| format!("{} {}", letter(status), path.display());
        found.changes.iter().map(|change| line(&change.path, change.status)).collect()
    }

    pub(crate) async fn diff(&self, path: &str) -> Result<FileDiff, GitError> {
        self.reader.diff(self.workspace(), path).await
    }

    async fn sides(&self, path: &str) -> (String, String) {
        match self.diff(path).await.unwrap() {
            FileDiff::Text { original, modified } => (original, modified),
            FileDiff::Binary => panic!("{path} is binary"),
        }
    }
}

fn sides(original: &str, modified: &str) -> (String, String) {
    (original.to_owned(), modified.to_owned())
}

#[tokio::test]
async fn every_kind_of_change_is_seen() {
    let all = Repositories::new();
    for name in ["changed", "deleted", "renamed", "mode", "kind", "forgotten", "same", "staged"] {
        all.write(name, "text\n");
    }
    all.write(".gitignore", "*.log\n");
    all.commit("");
    assert_eq!(all.changes().await, Vec::<String>::new());
    all.write("changed", "other\n");
    all.write("same", "text\n");
    fs::remove_file(all.path("deleted")).unwrap();
    all.git("", &["mv", "renamed", "new name"]);
    all.git("", &["rm", "-q", "--cached", "forgotten"]);
    all.git("", &["update-index", "--chmod=+x", "mode"]);
    Command::new("chmod").arg("+x").arg(all.path("mode")).status().unwrap();
    fs::remove_file(all.path("kind")).unwrap();
    symlink("same", all.path("kind")).unwrap();
    all.write("staged", "more\n");
    all.git("", &["add", "staged"]);
    all.write("ignored.log", "");
    all.write("dir/new", "");
    let expected = [
        "M changed",
        "D deleted",
        "A dir/new",
        "M forgotten",
        "M kind",
        "M mode",
        "A new name",
        "D renamed",
        "M staged",
    ];
    assert_eq!(all.changes().await, expected);
}

#[tokio::test]
async fn odd_names_spoil_nothing() {
    let all = Repositories::new();
    let names =
        ["with space", "new\nline", "tab\t", "naïve 日本", "quote\"", ":(top)x", "-dash", "*"];
    for name in names {
        all.write(name, "a\n");
    }
    fs::write(all.path("").join(OsStr::from_bytes(b"caf\xe9")), "a\n").unwrap();
    all.commit("");
    for name in names {
        all.write(name, "b\n");
    }
    fs::write(all.path("").join(OsStr::from_bytes(b"caf\xe9")), "b\n").unwrap();
    let mut expected: Vec<String> = names.iter().map(|name| format!("M {name}")).collect();
    expected.push("M caf\u{fffd}".to_owned());
    expected.sort();
    let mut changes = all.changes().await;
    changes.sort();
    assert_eq!(changes, expected);
    for name in names.into_iter().chain(["caf\u{fffd}"]) {
        assert_eq!(all.sides(name).await, sides("a\n", "b\n"), "{name:?}");
    }
}

#[tokio::test]
async fn both_sides_are_shown_byte_for_byte() {
    let all = Repositories::new();
    all.write("text", "  a\r\nb \n\n");
    all.write("deleted", "gone\n");
    all.write("binary", b"\0\x01");
    all.write("latin", b"caf\xe9");
    symlink("text", all.path("link")).unwrap();
    all.commit("");
    all.write("text", "\n a\r\nc \r\n");
    all.write("new", "new\n");
    all.write("binary", b"\0\x02");
    all.write("latin", "café");
    fs::remove_file(all.path("deleted")).unwrap();
    fs::remove_file(all.path("link")).unwrap();
    symlink("new", all.path("link")).unwrap();
    assert_eq!(all.sides("text").await, sides("  a\r\nb \n\n", "\n a\r\nc \r\n"));
    assert_eq!(all.sides("/workspace/text").await.1, "\n a\r\nc \r\n");
    assert_eq!(all.sides("deleted").await, sides("gone\n", ""));
    assert_eq!(all.sides("new").await, sides("", "new\n"));
    assert_eq!(all.sides("link").await, sides("text", "new"));
    assert_eq!(all.diff("binary").await.unwrap(), FileDiff::Binary);
    assert_eq!(all.diff("latin").await.unwrap(), FileDiff::Binary);

    let message = |result: Result<FileDiff, GitError>| result.unwrap_err().to_string();
    let missing = "`nothing` does not exist in the workspace";
    assert_eq!(message(all.diff("nothing").await), missing);
    let outside = "`../x` is outside the workspace; name a file below /workspace";
    assert_eq!(message(all.diff("../x").await), outside);
    all.write("large", vec![b'x'; 1024 * 1024 + 1]);
    let large = "`large` has more than the 1048576 bytes that can be shown; download it instead";
    assert_eq!(message(all.diff("large").await), large);
    all.commit("");
    fs::remove_file(all.path("large")).unwrap();
    assert_eq!(message(all.diff("large").await), large);
}

#[tokio::test]
async fn without_a_commit_everything_is_new() {
    let all = Repositories::empty();
    assert_eq!(all.look().await.unwrap(), None);
    let error = all.diff("x").await.unwrap_err().to_string();
    assert_eq!(error, "`x` is not in a git repository");
    all.git("", &["init", "-q"]);
    all.write("staged", "s");
    all.git("", &["add", "staged"]);
    all.write("unknown", "u");
    assert_eq!(all.changes().await, ["A staged", "A unknown"]);
    assert_eq!(all.sides("staged").await, sides("", "s"));
}

#[tokio::test]
async fn the_base_is_chosen_from_what_is_here() {
    // The remote is gone: only what was fetched is known.
    let all = Repositories::empty();
    all.git("", &["init", "-q", "-b", "trunk", "remote"]);
    all.write("remote/file", "1\n");
    all.commit("remote");
    all.git("", &["clone", "-q", "remote", "clone"]);
    fs::remove_dir_all(all.path("remote")).unwrap();
    all.write("clone/local", "");
    all.commit("clone");
    // The branch of the same name.
    assert_eq!(all.changes().await, ["A clone/local"]);
    // Another branch: where it left the default branch.
    all.git("clone", &["checkout", "-q", "-b", "feature"]);
    all.write("clone/file", "2\n");
    all.commit("clone");
    assert_eq!(all.changes().await, ["M clone/file", "A clone/local"]);
    assert_eq!(all.sides("clone/file").await, sides("1\n", "2\n"));
    // The same, with packed references and no branch.
    all.git("clone", &["pack-refs", "--all"]);
    all.git("clone", &["gc", "-q"]);
    all.git("clone", &["checkout", "-q", "--detach"]);
    assert_eq!(all.changes().await, ["M clone/file", "A clone/local"]);
    // No remote at all: the last commit.
    all.git("clone", &["remote", "remove", "origin"]);
    assert_eq!(all.changes().await, Vec::<String>::new());
    all.write("clone/file", "3\n");
    assert_eq!(all.sides("clone/file").await, sides("2\n", "3\n"));
}

#[tokio::test]
async fn repositories_directly_below_are_reported_with_their_directory() {
    let all = Repositories::new();
    for folder in ["app", "app-data"] {
        all.write(&format!("{folder}/file"), "1\n");
    }
    all.git("app", &["init", "-q"]);
    all.commit("app");
    all.write("app/file", "2\n");
    all.write("app/inner/new", "");
    // A directory whose name begins the same belongs to the outer one.
    assert_eq!(all.changes().await, ["M app/file", "A app/inner/new", "A app-data/file"]);
    assert_eq!(all.sides("app/file").await, sides("1\n", "2\n"));
    // Only the inner one: the workspace itself is none.
    fs::remove_dir_all(all.path(".git")).unwrap();
    assert_eq!(all.changes().await, ["M app/file", "A app/inner/new"]);
}

#[tokio::test]
async fn working_trees_and_submodules_are_looked_into() {
    let all = Repositories::empty();
    all.git("", &["init", "-q", "-b", "main", "library"]);
    all.write("library/lib", "1\n");
    all.commit("library");
    all.git("", &["init", "-q", "-b", "main", "app"]);
    all.write("app/file", "1\n");
    all.commit("app");
    let library = all.path("library").display().to_string();
    all.git("app", &["submodule", "--quiet", "add", &library, "deep/module"]);
    all.commit("app");
    all.git("app", &["worktree", "add", "-q", "../tree", "-b", "tree"]);
    all.write("tree/file", "2\n");
    all.write("app/deep/module/lib", "2\n");
    // The change inside the submodule is its own; its diff is there all the same.
    assert_eq!(all.changes().await, ["M tree/file"]);
    assert_eq!(all.sides("tree/file").await, sides("1\n", "2\n"));
    assert_eq!(all.sides("app/deep/module/lib").await, sides("1\n", "2\n"));
    all.commit("app/deep/module");
    assert_eq!(all.changes().await, ["M app/deep/module", "M tree/file"]);
}

#[tokio::test]
async fn conflicts_are_marked() {
    let all = Repositories::new();
    all.git("", &["checkout", "-q", "-b", "other"]);
    all.write("committed.txt", "theirs\n");
    all.commit("");
    all.git("", &["checkout", "-q", "main"]);
    all.write("committed.txt", "ours\n");
    all.commit("");
    let mut merge = Command::new("git");
    merge.args(["-c", "user.name=T", "-c", "user.email=t@example.com", "merge", "-q", "other"]);
    merge.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    merge.current_dir(all.path("")).env("GIT_CONFIG_GLOBAL", "/dev/null");
    assert!(!merge.status().unwrap().success());
    assert_eq!(all.changes().await, ["U committed.txt"]);
}

#[tokio::test]
async fn settings_about_storage_are_respected() {
    let all = Repositories::new();
    all.git("", &["config", "core.autocrlf", "true"]);
    all.git("", &["config", "core.filemode", "false"]);
    all.write(".gitattributes", "*.win text eol=crlf\n*.bin filter=lfs diff=lfs\n");
    all.write("a.win", "a\r\nb\r\n");
    all.write("b.txt", "a\r\nb\r\n");
    all.write(".git/info/exclude", "local-only\n");
    all.write("local-only", "");
    all.commit("");
    // Other times, so that git has to look at the contents.
    for name in ["a.win", "b.txt"] {
        let file = fs::File::options().write(true).open(all.path(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000)).unwrap();
    }
    Command::new("chmod").arg("+x").arg(all.path("b.txt")).status().unwrap();
    assert_eq!(all.changes().await, Vec::<String>::new());
}

#[tokio::test]
async fn repositories_of_other_kinds_are_read() {
    let all = Repositories::empty();
    all.git("", &["init", "-q", "--object-format=sha256"]);
    all.write("file", "1\n");
    assert_eq!(all.changes().await, ["A file"]);
    all.commit("");
    all.git("", &["update-index", "--split-index"]);
    all.write("file", "2\n");
    assert_eq!(all.changes().await, ["M file"]);
    assert_eq!(all.sides("file").await, sides("1\n", "2\n"));
}

#[tokio::test]
async fn a_repository_of_somebody_else_is_read() {
    let all = Repositories::new();
    all.write("committed.txt", "two\n");
    // Needs to be root; elsewhere this is the plain case.
    let _ = std::os::unix::fs::chown(all.path(".git"), Some(12_345), None);
    let _ = std::os::unix::fs::chown(all.path(""), Some(12_345), None);
    assert_eq!(all.changes().await, ["M committed.txt"]);
    assert_eq!(all.sides("committed.txt").await, sides("one\n", "two\n"));
}

#[tokio::test]
async fn long_lists_are_cut_and_say_so() {
    let all = Repositories::new();
    for number in 0..2_100 {
        all.write(&format!("many/{number:04}"), "");
    }
    let found = all.look().await.unwrap().unwrap();
    assert!(found.is_truncated);
    assert_eq!(found.changes.len(), 2_000);
    assert_eq!(found.changes[1_999].path, Path::new("many/1999"));
}
