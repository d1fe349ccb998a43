#![allow(missing_docs, reason = "tests")]

#[cfg(test)]
mod demo;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod in_words;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod sent;
#[cfg(test)]
mod server;
