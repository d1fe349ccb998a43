//! The server on a real port, with real clients.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod browser_actions;
#[cfg(test)]
mod compatibility;
#[cfg(test)]
mod conversation;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod files;
#[cfg(test)]
mod git_hosting;
#[cfg(test)]
mod git_service;
#[cfg(test)]
mod https;
#[cfg(test)]
mod import;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod log;
#[cfg(test)]
mod long_crash;
#[cfg(test)]
mod malformed;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod mcp_server;
#[cfg(test)]
mod model_server;
mod model_test;
#[cfg(test)]
mod notebook;
#[cfg(test)]
mod polling;
#[cfg(test)]
mod raw_tools;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod run;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod skills;
#[cfg(test)]
mod support;
