//! The state machine, driven without a clock, a model or a runtime.

#[cfg(test)]
mod condense;
#[cfg(test)]
mod confirmation;
#[cfg(test)]
mod draft_edit;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod prompt;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod stuck;
#[cfg(test)]
mod support;
mod tools;
