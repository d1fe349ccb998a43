//! Against a real program and real HTTP servers.

#[cfg(test)]
mod config;
#[cfg(test)]
mod http;
#[cfg(test)]
mod stdio;
#[cfg(test)]
mod support;
