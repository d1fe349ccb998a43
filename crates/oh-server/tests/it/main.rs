//! The server on a real port, with real clients.

#[cfg(test)]
mod malformed;
#[cfg(test)]
mod raw_tools;
#[cfg(test)]
mod support;
