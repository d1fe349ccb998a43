//! What the shell runs before its first command.

use std::path::Path;

/// Paths that the shell and we have in common, in the session directory.
#[derive(Debug)]
pub(super) struct Channel<'a> {
    /// Pipe for the records of ended commands.
    pub(super) records: &'a Path,
    /// Holds the nonce of the command that runs.
    pub(super) turn: &'a Path,
    /// Exported variables as of the last prompt.
    pub(super) environment: &'a Path,
    /// Exported variables of the shell before this one.
    pub(super) restored: &'a Path,
    /// Variables that every shell is given anew. They may be secrets, so they are in no file.
    pub(super) given: &'a [String],
}

/// Returns the script.
///
/// It closes what the server itself inherited from whoever started it.
/// The hook runs before each prompt. It throws away input that the last command left unread, keeps the
/// exported variables, writes the end marker to the terminal and then a record of seven fields to the
/// pipe, each ended by a NUL: nonce, exit code, `$!`, directory, Python, `PIPESTATUS`, and whether
/// `pipefail` is set. It changes no option, variable or status of the shell, and what the user sets does
/// not disturb it.
pub(super) fn script(channel: &Channel<'_>) -> String {
    let [records, turn, environment, restored] =
        [channel.records, channel.turn, channel.environment, channel.restored].map(quote);
    // A variable of the function hides the one of the same name.
    let hide = match channel.given {
        [] => String::new(),
        given => format!("builtin local {} 2>/dev/null", given.join(" ")),
    };
    format!(
        r#"PS1= PS2=
export -n PROMPT_COMMAND PS1 PS2
set +H
set +o history
unset HISTFILE MAILCHECK TMOUT
for __oh_fd in /proc/$$/fd/*; do
  __oh_fd=${{__oh_fd##*/}}
  if ((__oh_fd > 2 && __oh_fd != 255)); then eval "exec $__oh_fd>&-"; fi
done
unset __oh_fd
__oh_hook() {{
  local - status=$? nonce= pipefail= IFS=$' \t\n'
  [[ -o pipefail ]] && pipefail=1
  set +e +f +u +v +x +C
  while builtin read -r -t 0; do builtin read -r -t 0.01 || break; done < /dev/tty
  builtin read -r nonce < {turn} || :
  __oh_save
  PS1= PS2=
  builtin printf '\e]7771;%s\a' "$nonce" > /dev/tty
  {{
    builtin printf '%s\0' "$nonce" "$status" "${{!:-}}" "$PWD"
    builtin type -P python || builtin type -P python3 || :
    builtin printf '\0%s\0' "${{__oh_statuses-}}"
    [[ $pipefail ]] && builtin printf 1
    builtin printf '\0'
  }} > {records}
  builtin unset -v __oh_statuses
}}
__oh_save() {{
  {hide}
  builtin declare -x >| {environment}
}}
__oh_end() {{
  local status=$? IFS=' '
  __oh_status=$status __oh_statuses="$*"
}}
__oh_keep() {{
  local status=${{__oh_status:-$?}}
  builtin unset -v __oh_status
  case "${{PROMPT_COMMAND-}}" in
    *__oh_hook*) ;;
    *) PROMPT_COMMAND="{{ __oh_hook; }} 2>/dev/null"$'\n'"${{PROMPT_COMMAND-}}" ;;
  esac
  return "$status"
}}
PROMPT_COMMAND='{{ __oh_hook; }} 2>/dev/null'
if [[ -r {restored} ]]; then . {restored} 2>/dev/null; fi
cd . 2>/dev/null
{{ __oh_hook; }} 2>/dev/null
"#
    )
}

/// Comes before the first command.
///
/// A bash that has run nothing but its prompt takes an empty `PIPESTATUS` for the true one, for good.
pub(super) const FIRST: &str = "unset -v PIPESTATUS; ";

/// Returns the text of the file that runs `command` and keeps how each part of its last pipeline ended.
///
/// A command that is not complete swallows what follows it, so nothing does.
pub(super) fn command_file(command: &str, is_complete: bool) -> String {
    if is_complete {
        format!("{command}\n{{ __oh_end \"${{PIPESTATUS[@]}}\"; }} 2>/dev/null\n")
    } else {
        format!("{command}\n")
    }
}

/// Returns the line that runs the commands in `file`; `restore` comes before it.
///
/// That a command failed must not look like a failure of this line: `set -e` would end the shell.
pub(super) fn command_line(file: &Path, restore: &str) -> String {
    format!("{restore}. {}; {{ __oh_keep && :; }} 2>/dev/null\n", quote(file))
}

/// Returns commands after which `$?` and `PIPESTATUS` are as the last command left them.
///
/// It is empty where the shell itself keeps them: a pipeline of one command.
pub(super) fn restore(status: i32, statuses: &[u8], has_pipefail: bool) -> String {
    let last = statuses.last().copied().unwrap_or(0);
    let failed = statuses.iter().rev().copied().find(|status| *status != 0).unwrap_or(0);
    let plain = i32::from(if has_pipefail { failed } else { last });
    let is_negated = plain != status;
    let is_known = !is_negated || status == i32::from(plain == 0);
    if statuses.is_empty() || !is_known || (statuses.len() == 1 && !is_negated) {
        return String::new();
    }
    let parts: Vec<String> = statuses.iter().map(|status| format!("(exit {status})")).collect();
    let negation = if is_negated { "! " } else { "" };
    // Only what fails may stand before `&&`: what follows it is then not run.
    let list = if status == 0 { "" } else { " && :" };
    format!("{{ {negation}{}{list}; }} 2>/dev/null; ", parts.join(" | "))
}

/// Returns `path` as a word of the shell.
pub(super) fn quote(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::restore;

    #[test]
    fn only_what_the_shell_forgets_is_restored() {
        let check = |status, statuses: &[u8], has_pipefail, expected: &str| {
            assert_eq!(restore(status, statuses, has_pipefail), expected);
        };
        check(0, &[], false, "");
        check(7, &[7], false, "");
        check(0, &[1, 0], false, "{ (exit 1) | (exit 0); } 2>/dev/null; ");
        check(1, &[1, 0], true, "{ (exit 1) | (exit 0) && :; } 2>/dev/null; ");
        check(1, &[1, 0], false, "{ ! (exit 1) | (exit 0) && :; } 2>/dev/null; ");
        check(0, &[3], false, "{ ! (exit 3); } 2>/dev/null; ");
        check(5, &[0, 0], false, "");
    }
}
