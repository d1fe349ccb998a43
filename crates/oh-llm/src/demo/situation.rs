//! Where a conversation stands, read from its messages.

use oh_chat::ChatMessage;

/// How the server begins its facts and its notes of commands that the user ran.
const CONTEXT: &str = "<context>";
const TERMINAL: &str = "The user ran this command in the terminal:";

/// Where a conversation stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Situation<'a> {
    /// What the user said last.
    pub(crate) task: &'a str,
    /// Nothing has been answered before this task.
    pub(crate) is_first: bool,
    /// The folder to work in, if the messages name it.
    pub(crate) workspace: Option<&'a str>,
    /// What came of each answer since the task, oldest first.
    pub(crate) outcomes: Vec<Outcome<'a>>,
}

/// What came of one answer: the result of its tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Outcome<'a>(pub(crate) &'a str);

impl<'a> Situation<'a> {
    pub(crate) fn read(messages: &'a [ChatMessage]) -> Self {
        let mut situation =
            Self { task: "", is_first: true, workspace: None, outcomes: Vec::new() };
        let mut has_answer = false;
        let mut is_terminal = false;
        for message in messages {
            let was_terminal = std::mem::take(&mut is_terminal);
            match message {
                ChatMessage::System { text } => {
                    situation.workspace = between(text, "You work in `", "`");
                }
                ChatMessage::User { text, .. } if text.starts_with(CONTEXT) => {
                    situation.workspace = situation
                        .workspace
                        .or_else(|| between(text, "\nWorking directory: ", "\n"));
                }
                ChatMessage::User { text, .. } if text.starts_with(TERMINAL) => is_terminal = true,
                // What the command in the terminal printed.
                ChatMessage::User { .. } if was_terminal => {}
                ChatMessage::User { text, .. } => {
                    situation.task = text.trim();
                    situation.is_first = !has_answer;
                    situation.outcomes.clear();
                }
                ChatMessage::Assistant { .. } => {
                    has_answer = true;
                    situation.outcomes.push(Outcome::default());
                }
                ChatMessage::ToolResult { text, .. } => {
                    if let Some(last) = situation.outcomes.last_mut() {
                        *last = Outcome(text);
                    }
                }
            }
        }
        situation
    }
}

impl<'a> Outcome<'a> {
    /// The exit code, if a command ended.
    pub(crate) fn exit_code(self) -> Option<i32> {
        let (_, rest) = self.0.rsplit_once("exit code ")?;
        let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    }

    /// The action was refused, rejected, interrupted or never carried out.
    pub(crate) fn is_failure(self) -> bool {
        self.0.starts_with("ERROR:")
            || self.0.starts_with("This call was not executed")
            || self.0.contains("[The last action failed.]")
            || self.0.contains("[The user rejected the last action.]")
    }

    /// The first line that begins with `start`, without it.
    pub(crate) fn after(self, start: &str) -> Option<&'a str> {
        self.0.lines().find_map(|line| line.strip_prefix(start)).map(str::trim_end)
    }

    /// The first line that ends with `end`.
    pub(crate) fn line_ending(self, end: &str) -> Option<&'a str> {
        self.0.lines().map(str::trim_end).find(|line| line.ends_with(end))
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    let inner = rest.split_once(end).map_or(rest, |(inner, _)| inner).trim();
    inner.starts_with('/').then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::{ChatMessage, Outcome, Situation};

    fn system(text: &str) -> ChatMessage {
        ChatMessage::System { text: text.to_owned() }
    }

    fn user(text: &str) -> ChatMessage {
        ChatMessage::User { text: text.to_owned(), image_urls: Vec::new() }
    }

    fn answer() -> ChatMessage {
        ChatMessage::Assistant { text: "text".to_owned(), tool_calls: Vec::new(), reasoning: None }
    }

    fn result(text: &str) -> ChatMessage {
        ChatMessage::ToolResult {
            call_id: "call".to_owned(),
            name: "execute_bash".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_task_is_what_the_user_said_last() {
        let context = "<context>\nFacts.\nWorking directory: /other\nBranch: x\n</context>";
        let messages = [
            system("You work in `/my files/a`. Go on."),
            user("first"),
            user(context),
            answer(),
            result("old"),
            user(" second \n"),
            answer(),
            result("out"),
            user("The user ran this command in the terminal:\nls"),
            user("file\n[Command finished with exit code 0]"),
            answer(),
        ];
        let expected = Situation {
            task: "second",
            is_first: false,
            workspace: Some("/my files/a"),
            outcomes: vec![Outcome("out"), Outcome("")],
        };
        assert_eq!(Situation::read(&messages), expected);
        let expected = Situation {
            task: "first",
            is_first: true,
            workspace: Some("/other"),
            outcomes: Vec::new(),
        };
        assert_eq!(Situation::read(&[system("none"), user("first"), user(context)]), expected);
    }

    #[test]
    fn exit_codes_are_read_from_the_end() {
        let check = |text, expected| assert_eq!(Outcome(text).exit_code(), expected, "{text}");
        check("exit code 7\n[Command finished with exit code 0]", Some(0));
        check("[The command completed with exit code 127.]\n[Current directory: /]", Some(127));
        check("still running", None);
        check("exit code ", None);
    }
}
