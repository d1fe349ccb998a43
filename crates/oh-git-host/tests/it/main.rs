//! The services, in front of a server that answers in their documented shapes.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod limits;
