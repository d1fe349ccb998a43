//! Repositories that would make git run their programs or read what is not theirs.
//!
//! Every trap is first sprung by an ordinary git, which shows that it works, and then must stay
//! silent when the same repository is looked at.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use oh_runtime::{GitError, GitLauncher};

use crate::git::Repositories;

/// A program that leaves a mark when it runs.
struct Trap {
    all: Repositories,
    program: PathBuf,
    mark: PathBuf,
}

impl Trap {
    fn new() -> Self {
        let all = Repositories::new();
        let (program, mark) = (all.folder.path().join("trap"), all.folder.path().join("mark"));
        fs::write(&program, format!("#!/bin/sh\ntouch '{}'\nexit 1\n", mark.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { all, program, mark }
    }

    fn config(&self, key: &str) {
        self.all.git("", &["config", key, self.program.to_str().unwrap()]);
    }

    /// Changes the committed file so that git has to look at its contents: the size stays.
    fn touch_file(&self) {
        self.all.write("committed.txt", "two\n");
    }

    /// Runs an ordinary git, which falls into the trap.
    fn spring(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.all.path(""));
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(self.mark.exists(), "the trap does not work: {arguments:?}");
        fs::remove_file(&self.mark).unwrap();
    }

    /// Looks at the repository in every way; the trap must not be sprung.
    async fn check(&self, expected: &[&str]) {
        assert_eq!(self.all.changes().await, expected);
        self.all.diff("committed.txt").await.unwrap();
        assert!(!self.mark.exists(), "a program of the repository was run");
    }
}

#[tokio::test]
async fn a_monitor_is_not_asked() {
    let trap = Trap::new();
    trap.config("core.fsmonitor");
    trap.touch_file();
    trap.spring(&["status"]);
    trap.check(&["M committed.txt"]).await;
}

#[tokio::test]
async fn hooks_are_not_run() {
    let trap = Trap::new();
    fs::remove_dir_all(trap.all.path(".git/hooks")).unwrap();
    for hook in ["post-index-change", "pre-commit", "reference-transaction", "post-checkout"] {
        fs::create_dir_all(trap.all.path(".git/hooks")).unwrap();
        fs::copy(&trap.program, trap.all.path(&format!(".git/hooks/{hook}"))).unwrap();
    }
    trap.touch_file();
    trap.spring(&["update-index", "--force-write-index", "committed.txt"]);
    trap.check(&["M committed.txt"]).await;
    // The same from a directory that the configuration names.
    fs::rename(trap.all.path(".git/hooks"), trap.all.path("hooks")).unwrap();
    trap.all.git("", &["config", "core.hooksPath", trap.all.path("hooks").to_str().unwrap()]);
    trap.touch_file();
    trap.spring(&["update-index", "--force-write-index", "committed.txt"]);
    let hooks = ["post-checkout", "post-index-change", "pre-commit", "reference-transaction"];
    let mut expected = vec!["M committed.txt".to_owned()];
    expected.extend(hooks.iter().map(|hook| format!("A hooks/{hook}")));
    trap.check(&expected.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn filters_are_not_run() {
    for kind in ["clean", "process"] {
        let trap = Trap::new();
        trap.config(&format!("filter.evil.{kind}"));
        trap.config("filter.evil.smudge");
        trap.all.git("", &["config", "filter.evil.required", "true"]);
        trap.all.write(".git/info/attributes", "* filter=evil\n");
        trap.touch_file();
        trap.spring(&["diff"]);
        trap.check(&["M committed.txt"]).await;
        // The same by an attribute in the tree, through a macro and an included configuration.
        let trap = Trap::new();
        let line = format!("[filter \"evil\"]\n{kind} = {}\n", trap.program.display());
        trap.all.write("included", line);
        trap.all.git("", &["config", "include.path", "../included"]);
        trap.all.write(".gitattributes", "[attr]trick filter=evil\n*.txt trick\n");
        trap.touch_file();
        trap.spring(&["diff"]);
        trap.check(&["A .gitattributes", "M committed.txt", "A included"]).await;
    }
}

#[tokio::test]
async fn external_diffs_and_conversions_are_not_run() {
    let trap = Trap::new();
    trap.config("diff.external");
    trap.touch_file();
    trap.spring(&["diff"]);
    trap.check(&["M committed.txt"]).await;
    let trap = Trap::new();
    for key in ["diff.evil.command", "diff.evil.textconv", "merge.evil.driver"] {
        trap.config(key);
    }
    trap.all.write(".git/info/attributes", "* diff=evil merge=evil\n");
    trap.touch_file();
    trap.spring(&["diff"]);
    trap.spring(&["show", "--textconv", "HEAD:committed.txt"]);
    trap.check(&["M committed.txt"]).await;
}

#[tokio::test]
async fn other_programs_of_the_configuration_are_not_run() {
    let trap = Trap::new();
    for key in [
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.gitProxy",
        "core.askPass",
        "core.alternateRefsCommand",
        "credential.helper",
        "gpg.program",
        "pager.diff",
        "pager.ls-files",
        "sequence.editor",
        "uploadpack.packObjectsHook",
        "trace2.eventTarget",
    ] {
        trap.config(key);
    }
    for name in ["diff", "ls-files", "cat-file", "config", "merge-base", "ls-tree"] {
        let command = format!("!{}", trap.program.display());
        trap.all.git("", &["config", &format!("alias.{name}"), &command]);
    }
    trap.touch_file();
    trap.spring(&["fetch", "ssh://localhost/x"]);
    trap.check(&["M committed.txt"]).await;
}

#[tokio::test]
async fn nothing_is_fetched_for_a_partial_clone() {
    let trap = Trap::new();
    let object = trap.all.git("", &["rev-parse", "HEAD:committed.txt"]);
    let object = object.trim();
    trap.config("core.sshCommand");
    for (key, value) in [
        ("remote.origin.url", "ssh://localhost/x"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryformatversion", "1"),
    ] {
        trap.all.git("", &["config", key, value]);
    }
    let path = format!(".git/objects/{}/{}", &object[..2], &object[2..]);
    fs::remove_file(trap.all.path(&path)).unwrap();
    trap.touch_file();
    trap.spring(&["cat-file", "blob", object]);
    // The list needs trees only; the contents are not there and nobody is asked for them.
    assert_eq!(trap.all.changes().await, ["M committed.txt"]);
    let error = trap.all.diff("committed.txt").await.unwrap_err();
    assert!(matches!(error, GitError::Failed { .. }), "{error:?}");
    assert!(!trap.mark.exists());
}

#[tokio::test]
async fn submodules_do_not_run_their_programs() {
    let trap = Trap::new();
    trap.all.git("", &["init", "-q", "../library"]);
    trap.all.git("../library", &["commit", "-q", "--allow-empty", "-m", "x"]);
    trap.all.git("", &["submodule", "--quiet", "add", "../library", "deep/module"]);
    trap.all.commit("");
    trap.all.write("deep/module/file", "");
    let program = trap.program.to_str().unwrap();
    trap.all.git("deep/module", &["config", "core.fsmonitor", program]);
    trap.touch_file();
    trap.spring(&["status"]);
    trap.check(&["M committed.txt"]).await;
}

#[tokio::test]
async fn a_git_in_the_workspace_is_not_run() {
    let mut trap = Trap::new();
    fs::copy(&trap.program, trap.all.path("git")).unwrap();
    let path = std::env::var("PATH").unwrap();
    trap.all.reader.search_path = Some(format!(":.:{path}").into());
    trap.touch_file();
    trap.check(&["M committed.txt", "A git"]).await;
}

/// Fails unless a look at the repository is refused because something leads out.
async fn check_outside(all: &Repositories, path: &str) {
    let error = all.look().await.unwrap_err();
    assert!(matches!(error, GitError::Outside { .. }), "{error:?}");
    let error = all.diff(path).await.unwrap_err();
    assert!(matches!(error, GitError::Outside { .. }), "{error:?}");
}

#[tokio::test]
async fn data_outside_the_workspace_are_not_read() {
    let outside = Repositories::new();
    outside.write("secret", "secret");
    outside.commit("");
    let git_dir = outside.path(".git");
    let at = |path: &str| git_dir.join(path).display().to_string();

    // A file that leads out, and links that do.
    let all = Repositories::empty();
    all.write(".git", format!("gitdir: {}\n", git_dir.display()));
    check_outside(&all, "secret").await;
    let all = Repositories::empty();
    all.write(".git", "gitdir: ../../../../../../../../etc\n");
    check_outside(&all, "secret").await;
    let all = Repositories::empty();
    symlink(&git_dir, all.path(".git")).unwrap();
    check_outside(&all, "secret").await;

    // Objects that are borrowed, by name and by links of every depth.
    let all = Repositories::new();
    all.write(".git/objects/info/alternates", at("objects"));
    check_outside(&all, "secret").await;
    for part in ["objects", "objects/pack"] {
        let all = Repositories::new();
        fs::rename(all.path(&format!(".git/{part}")), all.path("away")).unwrap();
        symlink(at(part), all.path(&format!(".git/{part}"))).unwrap();
        check_outside(&all, "secret").await;
    }
    let all = Repositories::new();
    let taken = |folder: &u8| all.path(&format!(".git/objects/{folder:02x}")).exists();
    let free = (0..=u8::MAX).find(|folder| !taken(folder)).unwrap();
    symlink(at("objects"), all.path(&format!(".git/objects/{free:02x}"))).unwrap();
    check_outside(&all, "secret").await;
    let all = Repositories::new();
    symlink(at("HEAD"), all.path(".git/objects/pack/pack-x.pack")).unwrap();
    check_outside(&all, "secret").await;

    // Another part of the same repository.
    let all = Repositories::new();
    all.write(".git/commondir", git_dir.display().to_string());
    check_outside(&all, "secret").await;
}

#[tokio::test]
async fn files_outside_the_workspace_are_not_compared() {
    let all = Repositories::new();
    let outside = all.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    all.git("", &["config", "core.worktree", outside.to_str().unwrap()]);
    all.git("", &["config", "core.excludesFile", outside.join("secret").to_str().unwrap()]);
    symlink(&outside, all.path("link")).unwrap();
    assert_eq!(all.changes().await, ["A link"]);
    let error = all.diff("link/secret").await.unwrap_err();
    assert!(error.to_string().contains("outside"), "{error}");
    // References cannot name files.
    all.write(".git/HEAD", "ref: refs/heads/../../../../outside/secret\n");
    assert_eq!(all.changes().await, ["A committed.txt", "A link"].map(str::to_owned).to_vec());
}

#[tokio::test]
async fn objects_borrowed_inside_the_workspace_are_read() {
    let all = Repositories::empty();
    all.git("", &["init", "-q", "-b", "main", "origin"]);
    all.write("origin/file", "1\n");
    all.commit("origin");
    all.git("", &["clone", "-q", "--shared", "origin", "clone"]);
    all.write("clone/file", "2\n");
    assert_eq!(all.changes().await, ["M clone/file"]);
}

#[tokio::test]
async fn a_git_that_hangs_is_killed_with_all_it_started() {
    let mut all = Repositories::new();
    let held = all.folder.path().join("held");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &held,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    // The script and what it starts hold the pipe open for writing; when both are gone it ends.
    let script = format!("exec 3>'{}'; sleep 1000 & sleep 1000", held.display());
    all.reader.launcher =
        GitLauncher { prefix: vec!["/bin/sh".into(), "-c".into(), script.into()] };
    all.reader.time_limit = Duration::from_millis(300);
    let reader = std::thread::spawn(move || fs::read(held).unwrap());
    let error = all.look().await.unwrap_err();
    assert_eq!(error.to_string(), "git took longer than 0.3 seconds");
    assert_eq!(reader.join().unwrap(), b"");
}

#[tokio::test]
async fn files_that_would_hold_git_up_end_in_time() {
    let mut all = Repositories::new();
    all.reader.time_limit = Duration::from_secs(1);
    let pipe = |name: &str| {
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
        rustix::fs::mknodat(rustix::fs::CWD, all.path(name), kind, mode, 0).unwrap();
    };
    // Those that are read here are passed over.
    for name in [".git/packed-refs", ".git/shallow", ".git/info/attributes", ".git/commondir"] {
        pipe(name);
    }
    assert_eq!(all.changes().await, Vec::<String>::new());
    // Git opens this one itself.
    pipe(".gitignore");
    let result = all.look().await;
    assert!(matches!(result, Err(GitError::TimedOut { .. }) | Ok(Some(_))), "{result:?}");
}

#[tokio::test]
async fn the_launcher_comes_before_git() {
    let mut all = Repositories::new();
    let log = all.folder.path().join("log");
    let script = format!("env >> '{}'; exec \"$@\"", log.display());
    let words = ["/bin/sh", "-c", &script, "confine"];
    all.reader.launcher = GitLauncher { prefix: words.iter().map(Into::into).collect() };
    all.write("committed.txt", "two\n");
    assert_eq!(all.changes().await, ["M committed.txt"]);
    let environment = fs::read_to_string(log).unwrap();
    assert!(environment.contains("HOME=/nonexistent\n"), "{environment}");
    assert!(!environment.contains("CARGO"), "{environment}");
}

#[tokio::test]
async fn no_git_is_said_so() {
    let mut all = Repositories::new();
    all.reader.search_path = Some(all.folder.path().into());
    let error = all.look().await.unwrap_err();
    assert_eq!(error.to_string(), "git was not found in PATH; install it");
}
