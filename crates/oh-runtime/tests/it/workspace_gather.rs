use std::path::Path;

use oh_runtime::{WalkLimits, Workspace};

const FAR: WalkLimits = WalkLimits { depth: 9, entries: 1000 };

fn workspace(files: &[&str]) -> (tempfile::TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "text").unwrap();
    }
    let workspace = Workspace::open(folder.path()).unwrap();
    (folder, workspace)
}

#[test]
fn files_are_found_within_the_limits_and_not_behind_links() {
    let (folder, workspace) = workspace(&["a/2", "a/1", "a/b/3", "a/b/c/4", "other/5"]);
    let link = |to: &Path, name: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
    };
    link(Path::new("/etc/passwd"), "a/out");
    link(Path::new("../other"), "a/folder");
    link(Path::new("../other/5"), "a/in");
    link(Path::new("loop"), "a/loop");
    assert_eq!(workspace.files_below("a", FAR), ["a/1", "a/2", "a/b/3", "a/b/c/4", "a/in"]);
    let near = WalkLimits { depth: 1, ..FAR };
    assert_eq!(workspace.files_below("a", near), ["a/1", "a/2", "a/b/3", "a/in"]);
    assert!(workspace.files_below("a", WalkLimits { entries: 2, ..FAR }).len() <= 2);
    for nothing in ["missing", "a/1", "..", "/etc", "a/out"] {
        assert!(workspace.files_below(nothing, FAR).is_empty(), "{nothing}");
    }
    assert!(workspace.has_file("a/in") && !workspace.has_file("a/out"));
    assert!(!workspace.has_file("a") && !workspace.has_file("../x"));
    assert_eq!(workspace.read_short_text("a/in", 4).unwrap(), "text");
    assert!(workspace.read_short_text("a/in", 3).is_err());
    assert!(workspace.read_short_text("a/out", 4000).is_err());
}

#[test]
fn a_repository_counts_if_it_is_the_only_one() {
    let check = |files: &[&str], expected: Option<&str>| {
        let (_folder, workspace) = workspace(files);
        assert_eq!(workspace.only_repository(FAR).as_deref(), expected, "{files:?}");
    };
    check(&[], None);
    check(&["a/b", "c"], None);
    check(&["a/.git/HEAD", "c"], Some("a"));
    check(&["a/.git", "c/d"], Some("a"));
    check(&["a/.git/HEAD", "b/.git/HEAD"], None);
    check(&[".git/HEAD", "b/.git/HEAD"], None);
    check(&["a/b/.git/HEAD"], None);
}
