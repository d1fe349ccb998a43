//! Recordings of conversations: where they go, and which one is done again.

use std::path::PathBuf;

use crate::source::Source;

/// Recordings of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrajectorySettings {
    /// The file or folder in which a conversation is recorded when it ends.
    pub save_path: Option<PathBuf>,
    /// Pictures of the browser are kept in these files.
    pub keeps_screenshots: bool,
    /// The recording that `openhands run` does again if it is given no task.
    pub replay_path: Option<PathBuf>,
}

pub(crate) fn read(s: &mut Source<'_>) -> TrajectorySettings {
    let mut path = |key| {
        let text = s.text("core", key).filter(|text| !text.trim().is_empty());
        text.map(PathBuf::from)
    };
    TrajectorySettings {
        save_path: path("save_trajectory_path"),
        replay_path: path("replay_trajectory_path"),
        keeps_screenshots: s.flag("core", "save_screenshots_in_trajectory").unwrap_or(false),
    }
}
