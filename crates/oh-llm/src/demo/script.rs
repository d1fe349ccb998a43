//! What the demo model says and does.

use super::program::{PROGRAM, RIGHT, TESTS, WRONG};
use super::reply::Reply;
use super::situation::{Outcome, Situation};

const REAL_MODEL: &str = "For a real model open Settings and enter a model and its key, or start \
the server with the environment variables LLM_MODEL and LLM_API_KEY.";

const FOLDER: &str = "Folder: ";

/// Returns the next answer.
pub(crate) fn reply(situation: &Situation<'_>) -> Reply {
    let task = situation.task;
    if let Some(command) = after_word(task, "run") {
        return run(command, situation);
    }
    if let Some(words) = after_word(task, "say") {
        return Reply::words(words);
    }
    if situation.is_first || task.eq_ignore_ascii_case("demo") {
        return demonstrate(situation);
    }
    help()
}

/// Says what the demo model is and understands.
pub(crate) fn help() -> Reply {
    Reply::words(format!(
        "This is the demo model: it is scripted and understands no language.\n\n\
         - `demo` writes, tests and fixes a small program;\n\
         - `run <command>` runs the command;\n\
         - `say <text>` says the text.\n\n\
         {REAL_MODEL}"
    ))
}

fn run(command: &str, situation: &Situation<'_>) -> Reply {
    let Some(outcome) = situation.outcomes.first() else {
        return Reply::command("", command);
    };
    let text = match outcome.exit_code() {
        _ if outcome.is_failure() => "The command was not carried out.".to_owned(),
        Some(code) => format!("The command ended with exit code {code}."),
        None => "The command has not ended yet.".to_owned(),
    };
    Reply::words(text)
}

/// One step of the demonstration; each is one answer, and its tool call has one outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    ChooseFolder,
    WriteProgram,
    WriteTests,
    FindBug,
    ViewProgram,
    FixBug,
    TestAgain,
    TryOut,
}

const STEPS: [Step; 8] = [
    Step::ChooseFolder,
    Step::WriteProgram,
    Step::WriteTests,
    Step::FindBug,
    Step::ViewProgram,
    Step::FixBug,
    Step::TestAgain,
    Step::TryOut,
];

fn demonstrate(situation: &Situation<'_>) -> Reply {
    for (step, outcome) in STEPS.iter().zip(&situation.outcomes) {
        if let Err(problem) = step.check(*outcome) {
            return Reply::finish(&format!(
                "This was a demonstration by a scripted model, and it did not go as planned: \
                 {problem} I stop here and leave the files as they are.\n\n{REAL_MODEL}"
            ));
        }
    }
    let folder = situation.outcomes.first().and_then(|outcome| outcome.after(FOLDER));
    match STEPS.get(situation.outcomes.len()) {
        Some(step) => step.take(situation, folder.unwrap_or_default()),
        None => Reply::finish(&success(situation, folder.unwrap_or_default())),
    }
}

impl Step {
    fn take(self, situation: &Situation<'_>, folder: &str) -> Reply {
        let program = format!("{folder}/roman.sh");
        match self {
            Self::ChooseFolder => Reply::command(
                "This is the demo model: a scripted demonstration, no AI. It ignores what you \
                 wrote, but every command and edit below is real.\n\nFirst I look around and make \
                 a new folder.",
                &choose_folder(situation.workspace),
            ),
            Self::WriteProgram => Reply::create(
                "I write a small program: a shell script that prints Roman numerals.",
                &program,
                PROGRAM,
            ),
            Self::WriteTests => Reply::create(
                "A test script compares it with known numerals.",
                &format!("{folder}/test.sh"),
                TESTS,
            ),
            Self::FindBug => Reply::command("I run the tests.", &run_tests(folder)),
            Self::ViewProgram => {
                let failure = situation.outcomes.last().and_then(|outcome| outcome.after("FAIL "));
                let text = match failure {
                    Some(failure) => format!("A test fails: {failure}. I look at the program."),
                    None => "I look at the program.".to_owned(),
                };
                Reply::view(&text, &program)
            }
            Self::FixBug => Reply::replace(
                "The list of values has no pair for 40, so 40 becomes XXXX. I add it.",
                &program,
                WRONG,
                RIGHT,
            ),
            Self::TestAgain => Reply::command("I run the tests again.", &run_tests(folder)),
            Self::TryOut => Reply::command(
                "All tests pass. I try the program and list the files.",
                &format!("sh {} 1492 && ls -l {}", quoted(&program), quoted(folder)),
            ),
        }
    }

    /// Says what is wrong with what came of the step.
    fn check(self, outcome: Outcome<'_>) -> Result<(), String> {
        if outcome.is_failure() {
            return Err(format!("{} was not carried out.", self.name()));
        }
        let is_expected = match self {
            Self::ChooseFolder => outcome.exit_code() == Some(0) && outcome.after(FOLDER).is_some(),
            Self::WriteProgram | Self::WriteTests | Self::FixBug => true,
            Self::FindBug => outcome.exit_code() == Some(1) && outcome.after("FAIL ").is_some(),
            Self::ViewProgram => outcome.0.contains(WRONG),
            Self::TestAgain => {
                outcome.exit_code() == Some(0) && outcome.line_ending(" passed, 0 failed").is_some()
            }
            Self::TryOut => outcome.exit_code() == Some(0),
        };
        if is_expected { Ok(()) } else { Err(format!("{} gave another result.", self.name())) }
    }

    fn name(self) -> &'static str {
        match self {
            Self::ChooseFolder => "making a folder",
            Self::WriteProgram => "writing the program",
            Self::WriteTests => "writing the tests",
            Self::FindBug => "the first run of the tests, in which one fails,",
            Self::ViewProgram => "viewing the program",
            Self::FixBug => "fixing the bug",
            Self::TestAgain => "the second run of the tests, in which all pass,",
            Self::TryOut => "trying the program",
        }
    }
}

fn success(situation: &Situation<'_>, folder: &str) -> String {
    let last_line = |step: Step, end: &str| {
        STEPS
            .iter()
            .position(|other| *other == step)
            .and_then(|index| situation.outcomes.get(index))
            .and_then(|outcome| outcome.line_ending(end))
            .unwrap_or_default()
    };
    format!(
        "This was a demonstration by a scripted model, not by an AI. What it did is real:\n\n\
         - wrote `roman.sh` (prints Roman numerals) and `test.sh` in `{folder}`;\n\
         - ran the tests: {};\n\
         - found that the pair for 40 was missing, and added it;\n\
         - ran the tests again: {}.\n\n\
         {REAL_MODEL}",
        last_line(Step::FindBug, " failed"),
        last_line(Step::TestAgain, " failed"),
    )
}

/// Makes `demo`, or `demo-2` and so on if it exists, and prints its path.
fn choose_folder(workspace: Option<&str>) -> String {
    let enter = workspace.map(|path| format!("cd {} && ", quoted(path))).unwrap_or_default();
    // One command in the eyes of a shell that takes only one.
    format!(
        "{enter}ls -la && {{ name=demo; count=1; while [ -e \"$name\" ]; do \
         count=$((count + 1)); name=demo-$count; done; \
         mkdir \"$name\" && echo \"{FOLDER}$PWD/$name\"; }}"
    )
}

fn run_tests(folder: &str) -> String {
    format!("sh {}", quoted(&format!("{folder}/test.sh")))
}

/// Quotes a text for the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns what follows `word` and white space at the beginning of the text.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = text.split_once(char::is_whitespace)?;
    (first.eq_ignore_ascii_case(word) && !rest.trim().is_empty()).then(|| rest.trim())
}
