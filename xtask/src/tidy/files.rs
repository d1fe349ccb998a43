//! Where files are and what they are called.

use super::Finding;
use super::repository::File;

pub(crate) fn check(files: &[File]) -> Vec<Finding> {
    files.iter().filter_map(|file| check_path(&file.path)).collect()
}

fn check_path(path: &str) -> Option<Finding> {
    if is_extra_test_binary(path) {
        let message = "one integration binary per crate: make it a module of tests/it/main.rs";
        return Some(Finding::error(path, 1, message));
    }
    let name = path.strip_prefix("frontend/src/")?.rsplit('/').next()?;
    (!is_kebab_case(name)).then(|| Finding::error(path, 1, "name the file in kebab-case"))
}

/// Cargo makes a binary of `tests/x.rs` and of `tests/x/main.rs`.
fn is_extra_test_binary(path: &str) -> bool {
    let Some((_, rest)) = path.strip_prefix("crates/").and_then(|rest| rest.split_once("/tests/"))
    else {
        return false;
    };
    let is_binary = rest.ends_with(".rs") && !rest.contains('/')
        || rest.ends_with("/main.rs") && rest.matches('/').count() == 1;
    // A folder of tests inside `src` is a module.
    is_binary && rest != "it/main.rs" && !path.contains("/src/")
}

/// Says whether a name is `words-like-this`, with extensions like that.
fn is_kebab_case(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.split('.').all(|part| part.split('-').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_rules() {
        fn check(path: &str, is_right: bool) {
            assert_eq!(check_path(path).is_none(), is_right, "{path}");
        }
        check("crates/a/tests/it/main.rs", true);
        check("crates/a/tests/it/other.rs", true);
        check("crates/a/tests/other.rs", false);
        check("crates/a/tests/more/main.rs", false);
        check("crates/a/src/tests/one.rs", true);
        check("frontend/src/chat/run-card.test.tsx", true);
        check("frontend/src/chat/RunCard.tsx", false);
        check("frontend/src/chat/run_card.tsx", false);
        check("frontend/src/vite-env.d.ts", true);
        check("README.md", true);
    }
}
