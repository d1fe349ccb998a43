//! Names of files that clients choose: none leads out of the workspace.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use oh_runtime::Workspace;
use tempfile::TempDir;

const SECRET: &str = "what lies beside the workspace";

thread_local! {
    static PLACE: OnceCell<(TempDir, Workspace)> = const { OnceCell::new() };
}

fuzz_target!(|text: &str| {
    PLACE.with(|place| {
        let (_, workspace) = place.get_or_init(|| make().expect("a workspace can be made"));
        if let Ok(content) = workspace.read_text(text) {
            assert!(!content.contains(SECRET), "{text}");
        }
        if let Ok(names) = workspace.list(Some(text)) {
            assert!(!names.iter().any(|name| name.contains("beside.txt")), "{text}");
        }
    });
});

fn make() -> std::io::Result<(TempDir, Workspace)> {
    let folder = TempDir::new()?;
    std::fs::write(folder.path().join("beside.txt"), SECRET)?;
    let root = folder.path().join("workspace");
    std::fs::create_dir_all(root.join("a/b"))?;
    std::fs::write(root.join("a/file.txt"), "inside")?;
    std::os::unix::fs::symlink("../beside.txt", root.join("link.txt"))?;
    std::os::unix::fs::symlink("..", root.join("up"))?;
    let workspace = Workspace::open(&root)?;
    Ok((folder, workspace))
}
