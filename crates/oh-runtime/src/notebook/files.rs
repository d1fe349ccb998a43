//! The Python programs of the notebook.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::shell::write_private;

const DRIVER: &str = "driver.py";
const FILES: [(&str, &str); 5] = [
    (DRIVER, include_str!("python/driver.py")),
    ("repl.py", include_str!("python/repl.py")),
    ("ipython_kernel.py", include_str!("python/ipython_kernel.py")),
    ("helpers.py", include_str!("python/helpers.py")),
    // The only folder of ours in which cells look for modules.
    ("lib/notebook_figures.py", include_str!("python/notebook_figures.py")),
];

/// Writes the programs into a new private folder and returns the one to start.
pub(super) fn install(shell_dir: &Path) -> io::Result<PathBuf> {
    let folder = shell_dir.join("notebook");
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder.join("lib"))?;
    for (name, text) in FILES {
        write_private(&folder.join(name), text)?;
    }
    Ok(folder.join(DRIVER))
}
