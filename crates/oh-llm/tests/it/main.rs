#![allow(missing_docs, reason = "tests")]

#[cfg(test)]
mod demo;
