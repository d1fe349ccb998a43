//! The runtime with a real bash and real files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[cfg(test)]
mod container;
#[cfg(test)]
mod container_api;
#[cfg(test)]
mod container_errors;
#[cfg(test)]
mod container_fake;
#[cfg(test)]
mod editor;
#[cfg(test)]
mod git;
#[cfg(test)]
mod git_hostile;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod notebook;
#[cfg(test)]
mod notebook_control;
#[cfg(test)]
mod notebook_sandbox;
#[cfg(test)]
mod ports;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod sandbox_escape;
#[cfg(test)]
mod sandbox_limits;
#[cfg(test)]
mod sandbox_network;
#[cfg(test)]
mod sandbox_tools;
#[cfg(test)]
mod sandbox_volumes;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod shell_control;
#[cfg(test)]
mod shell_input;
#[cfg(test)]
mod shell_output;
#[cfg(test)]
mod support;
#[cfg(test)]
mod workspace;
#[cfg(test)]
mod workspace_download;
#[cfg(test)]
mod workspace_gather;
#[cfg(test)]
mod workspace_paths;
#[cfg(test)]
mod workspace_unpack;
