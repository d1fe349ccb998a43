//! The runtime with a real bash and real files.

mod lifecycle;
mod shell;
mod support;
