//! The runtime with a real bash and real files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod editor;
mod git;
mod git_hostile;
mod lifecycle;
mod shell;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod sandbox_escape;
#[cfg(test)]
mod sandbox_limits;
#[cfg(test)]
mod sandbox_tools;
#[cfg(test)]
mod support;
mod workspace;
mod workspace_download;
mod workspace_unpack;
