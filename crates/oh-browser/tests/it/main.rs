//! Drives a real Chromium over pages that are served on this machine.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod live;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trouble;
