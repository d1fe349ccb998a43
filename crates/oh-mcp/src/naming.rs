//! Names under which the tools of all servers are offered together.

use std::collections::{HashMap, HashSet};

/// Longest name that providers take.
const MAX_CHARS: usize = 64;

/// Returns `text` with what no name may have replaced, and not too long.
pub(crate) fn sanitized(text: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name: String =
        text.chars().take(MAX_CHARS).map(|c| if is_allowed(c) { c } else { '_' }).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// Returns a name for each tool of each server: its own if no other tool has it, else with the
/// server's before it. No name is given twice, and none of `reserved`.
pub(crate) fn names(servers: &[(&str, Vec<&str>)], reserved: &[&str]) -> Vec<Vec<String>> {
    let mut counts: HashMap<String, usize> =
        reserved.iter().map(|name| ((*name).to_owned(), 1)).collect();
    for tool in servers.iter().flat_map(|(_, tools)| tools) {
        *counts.entry(sanitized(tool)).or_default() += 1;
    }
    // A plain name that is unique stays, whatever longer ones come to.
    let unique = counts.iter().filter(|(_, count)| **count == 1).map(|(name, _)| name.clone());
    let mut taken: HashSet<String> =
        unique.chain(reserved.iter().map(|name| (*name).to_owned())).collect();
    let mut name = |server: &str, tool: &str| {
        let plain = sanitized(tool);
        if counts.get(&plain) == Some(&1) {
            return plain;
        }
        let long = sanitized(&format!("{server}_{tool}"));
        let mut name = long.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            let end = format!("_{number}");
            name = format!("{}{end}", &long[..long.len().min(MAX_CHARS - end.len())]);
            number += 1;
        }
        name
    };
    servers
        .iter()
        .map(|(server, tools)| tools.iter().map(|tool| name(server, tool)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(servers: &[(&str, &[&str])], expected: &[&[&str]]) {
        let servers: Vec<_> = servers.iter().map(|(name, tools)| (*name, tools.to_vec())).collect();
        assert_eq!(names(&servers, &["think", "finish"]), expected, "{servers:?}");
    }

    #[test]
    fn a_name_is_plain_if_no_other_tool_has_it() {
        check(&[("a", &["x", "y"])], &[&["x", "y"]]);
        check(&[("a", &["x", "y"]), ("b", &["z"])], &[&["x", "y"], &["z"]]);
        check(&[("a", &["x", "y"]), ("b", &["x"])], &[&["a_x", "y"], &["b_x"]]);
        check(&[("a", &["think"])], &[&["a_think"]]);
        check(&[("a", &["x", "b_x"]), ("b", &["x"])], &[&["a_x", "b_x"], &["b_x_2"]]);
        check(&[("a", &["read.file", "", "ü"])], &[&["read_file", "a_", "a__"]]);
    }

    #[test]
    fn a_name_is_short_and_there_once() {
        let long = "x".repeat(80);
        let other = format!("{long}y");
        let found = names(&[("server", vec![&long, &other])], &[]);
        let expected = format!("server_{}", "x".repeat(57));
        assert_eq!(found, [[expected.clone(), format!("{}_2", &expected[..62])]]);
    }
}
