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
}

/// Returns the script.
///
/// It closes what the server itself inherited from whoever started it.
/// The hook runs before each prompt. It throws away input that the last command left unread, keeps the
/// exported variables, writes the end marker to the terminal and then a record of five fields to the
/// pipe, each ended by a NUL: nonce, exit code, `$!`, directory, Python. It changes no option,
/// variable or status of the shell, and what the user sets does not disturb it.
pub(super) fn script(channel: &Channel<'_>) -> String {
    let [records, turn, environment, restored] =
        [channel.records, channel.turn, channel.environment, channel.restored].map(quote);
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
  local - status=$? nonce= IFS=$' \t\n'
  set +e +f +u +v +x +C
  while builtin read -r -t 0; do builtin read -r -t 0.01 || break; done < /dev/tty
  builtin read -r nonce < {turn} || :
  builtin declare -x >| {environment}
  PS1= PS2=
  builtin printf '\e]7771;%s\a' "$nonce" > /dev/tty
  {{
    builtin printf '%s\0' "$nonce" "$status" "${{!:-}}" "$PWD"
    builtin type -P python || builtin type -P python3 || :
    builtin printf '\0'
  }} > {records}
}}
__oh_keep() {{
  local status=$?
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

/// Returns the line that runs the commands in `file`.
pub(super) fn command_line(file: &Path) -> String {
    format!(". {}; {{ __oh_keep; }} 2>/dev/null\n", quote(file))
}

/// Returns `path` as a word of the shell.
pub(super) fn quote(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}
