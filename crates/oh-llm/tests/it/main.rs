#![allow(missing_docs, reason = "tests")]

#[cfg(test)]
mod demo;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod server;
