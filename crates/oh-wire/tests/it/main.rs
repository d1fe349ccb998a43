//! The wire form held against recorded frames and against itself.
#![allow(clippy::disallowed_methods, reason = "tests read the recorded frames")]

#[cfg(test)]
mod client_action;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod trajectory;
