//! What the agent serves, shown to people: each port of a conversation as an origin of its own.
//!
//! A port has a name, `p3000-ID.localhost` or the same below `[server] preview_host`. Whatever is
//! asked of such a name, none of our own routes answers. Our API gives a ticket for it ([`Previews`]),
//! which is turned into a cookie of that name once ([`front`]); with the cookie requests go to the port
//! through the runtime ([`proxy`]), which leads to ports of the conversation only. Where no name can be
//! had, a path with a secret in it stands for one, and pages below it have no origin at all.

mod front;
mod grants;
mod headers;
mod name;
mod page;
mod previews;
mod proxy;

pub(crate) use front::{ENTER, answer, redirect};
pub(crate) use grants::{PATH_ROOT, Proof};
pub(crate) use headers::without_key;
pub(crate) use name::{Target, host_of, is_name, names_for, parse_port};
pub(crate) use page::refusal;
pub(crate) use previews::Previews;
