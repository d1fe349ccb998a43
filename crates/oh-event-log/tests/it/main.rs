//! The log against a real SQLite file.

#[cfg(test)]
mod append;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod support;
