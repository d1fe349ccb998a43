//! Services that host git repositories: GitHub, GitLab, Bitbucket, Forgejo.
//!
//! - [`Provider`]: which service;
//! - [`GitAddress`]: where it is;
//! - [`GitHost`]: a service at an address, with a token; all that is asked of it;
//! - [`Repository`], [`Branch`], [`User`], …: what it answers, in OpenHands' form;
//! - [`GitHostError`]: why it does not.
//!
//! The crate knows the services' REST interfaces and nothing else of ours; it does not run git.
//! A token goes to the address that it was given for and nowhere else: redirects to another origin
//! are not followed, and without TLS only this machine is spoken to.
//! Answers are bounded in size, pages and time.
#![warn(missing_docs)]

mod address;
mod answer;
mod api;
mod bitbucket;
mod error;
mod forgejo;
mod github;
mod github_tasks;
mod gitlab;
mod host;
mod provider;

pub use address::GitAddress;
pub use answer::{
    Branch, BranchPage, OwnerType, Page, PullRequest, Repository, SuggestedTask, TaskType, User,
};
pub use error::GitHostError;
pub use host::GitHost;
pub use provider::Provider;
