//! Models: one trait, the providers behind it, and a scripted demonstration.
#![warn(missing_docs)]

mod client;

pub use client::{BoxFuture, CompletionContext, LlmClient, LlmNotice};
