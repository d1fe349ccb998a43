//! The wire form held against recorded frames and against itself.

mod client_action;
mod frames;
mod properties;
