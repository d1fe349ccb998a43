//! No name that a client can think of leads out of the workspace.

use oh_runtime::Workspace;
use proptest::prelude::*;
use tempfile::TempDir;

const BESIDE: &str = "what lies beside the workspace";

/// Pieces of which names that mean harm are made.
const PIECES: [&str; 18] = [
    "..",
    ".",
    "/",
    "//",
    "\\",
    "a",
    "b",
    "up",
    "link.txt",
    "file.txt",
    "beside.txt",
    "workspace",
    "\0",
    "%2e%2e",
    "~",
    "proc/self/root",
    "\u{202e}",
    "C:",
];

fn make() -> (TempDir, Workspace) {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("beside.txt"), BESIDE).unwrap();
    let root = folder.path().join("workspace");
    std::fs::create_dir_all(root.join("a/b")).unwrap();
    std::fs::write(root.join("a/file.txt"), "inside").unwrap();
    std::os::unix::fs::symlink("../beside.txt", root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink("..", root.join("up")).unwrap();
    std::os::unix::fs::symlink("/", root.join("a/b/root")).unwrap();
    let workspace = Workspace::open(&root).unwrap();
    (folder, workspace)
}

#[test]
fn names_of_any_kind_stay_inside() {
    let (folder, workspace) = make();
    assert_eq!(workspace.read_text("a/file.txt").unwrap(), "inside");
    let outside = folder.path().join("beside.txt").display().to_string();
    let pieces = prop_oneof![
        8 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => Just(outside),
        1 => "(?s).{0,6}",
    ];
    let names = prop::collection::vec(pieces, 0..10).prop_map(|pieces| pieces.join("/"));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(2_000));
    runner
        .run(&names, |name| {
            if let Ok(content) = workspace.read_text(&name) {
                prop_assert!(!content.contains(BESIDE), "{name:?}");
            }
            if let Ok(names) = workspace.list(Some(&name)) {
                prop_assert!(!names.iter().any(|found| found.ends_with("beside.txt")), "{name:?}");
            }
            Ok(())
        })
        .unwrap();
}
