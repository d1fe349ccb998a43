//! The same [`LocalRuntime`](crate::LocalRuntime), in a process of its own inside a sandbox.
//!
//! [`serve`] is the inside: it reads requests from its standard input, executes them, and answers
//! there; [`serve_stdio`] answers on its standard output.
//! It ends, and everything that was started with it, when the other end of its input is gone.
//! [`SandboxedRuntime`] is the outside: it starts the inside when there is something to do.

mod denial;
mod frame;
mod guard;
mod link;
mod network;
mod programs;
mod proxy;
mod remote_program;
mod sandboxed;
mod serve;

pub(crate) use link::{Link, Lost};
pub use sandboxed::{SandboxConfig, SandboxedRuntime};
pub(crate) use serve::{serve, serve_stdio, standard_input};
