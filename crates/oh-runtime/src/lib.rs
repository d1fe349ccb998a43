//! Where the agent's actions run: a shell, a Python notebook, files and an editor on this machine.
//!
//! Read [`Runtime`] first, then [`LocalRuntime`], then [`SandboxedRuntime`], which runs the former in a
//! confined process, and [`ContainerRuntime`], which runs it in a container. [`Workspace`] and
//! [`GitReader`] show the same files to clients, whether a shell runs or not. This crate does not
//! decide what runs and does not ask anybody.
//!
//! What holds:
//!
//! - [`Runtime::execute`] always returns an observation; dropping its future interrupts the work.
//! - The end of a command is learned from the shell over a private pipe, never read out of its output.
//!   Every byte that was written before the end belongs to that command.
//! - The output of a command is drained whether somebody waits or not, and memory for it is bounded;
//!   long output goes to a file in the session directory.
//! - Every process of a conversation carries the session marker in its environment or descends from
//!   one that does; that is how they are found and killed, however they were started.
//! - If the server is killed, a supervisor ends with it, and the kernel or the supervisor ends
//!   everything inside.
//! - A sandbox that could be left when it was tried out is not used: see [`probe`].
//! - Commands see a clean environment: see [`LocalRuntimeConfig`].
//! - A file is changed by replacing it as a whole, and the bytes that an edit does not touch stay as they are.
//! - A port is connected to only if processes of the conversation hold it, and nobody else could be reached.
//! - No name that a client gives leads out of a [`Workspace`], and no archive does.
//! - [`GitReader`] runs no program that a repository names, and asks no remote.

mod base64;
mod config;
mod container;
mod editor;
mod executor;
mod files;
mod git;
mod live;
mod local;
mod notebook;
mod output;
mod pages;
mod path;
mod ports;
mod processes;
mod program;
mod proxy_request;
mod render;
mod runtime;
mod sandbox;
mod shell;
mod static_run;
mod tasks;
mod workspace;

pub use config::{HostTools, LocalRuntimeConfig, PageNetwork};
pub use container::{
    ContainerConfig, ContainerError, ContainerOnClose, ContainerRuntime, Containers, Gpus,
};
pub use executor::{SandboxConfig, SandboxedRuntime};
pub use git::{FileDiff, GitChange, GitChanges, GitError, GitLauncher, GitReader, GitStatus};
pub use local::LocalRuntime;
pub use ports::OpenPort;
pub use processes::is_socket_held_outside;
pub use program::{ErrorTail, Program, ProgramNetwork, RunningProgram};
pub use runtime::{ActionRequest, Activity, BoxFuture, OutputSink, Runtime};
pub use sandbox::{
    Layer, NetworkPolicy, Places, ResourceLimits, SandboxMode, SandboxPolicy, SandboxReport,
    Volume, VolumeAccess, probe, read_only_prefix, sandbox_main,
};
pub use workspace::{
    IgnoredFiles, UnpackLimits, Upload, UploadRules, WalkLimits, Workspace, WorkspaceError,
};
