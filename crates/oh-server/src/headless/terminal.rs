//! What somebody at the terminal answers.

use std::io::BufRead;

use tokio::sync::mpsc;

/// An answer of somebody at the terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Text(String),
    /// They have nothing more to say.
    Nothing,
    /// They want everything to end.
    Interrupt,
}

/// Waits for a line that is not empty.
pub(super) async fn read_answer(interrupts: &mut mpsc::Receiver<()>) -> Answer {
    // A read cannot be given up; the line of one that was belongs to nobody.
    let line = tokio::task::spawn_blocking(|| {
        let mut lines = std::io::stdin().lock().lines();
        loop {
            match lines.next() {
                Some(Ok(line)) if line.trim().is_empty() => {}
                Some(Ok(line)) => return Answer::Text(line.trim().to_owned()),
                Some(Err(_)) | None => return Answer::Nothing,
            }
        }
    });
    tokio::select! {
        line = line => line.unwrap_or(Answer::Nothing),
        Some(()) = interrupts.recv() => Answer::Interrupt,
    }
}

/// What somebody says to an action that waits for them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    Refused,
    /// Refused, with what to do instead.
    Instead(String),
}

pub(super) fn verdict(answer: &str) -> Verdict {
    match answer.to_lowercase().as_str() {
        "y" | "yes" => Verdict::Allowed,
        "n" | "no" => Verdict::Refused,
        _ => Verdict::Instead(answer.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_yes_and_no_is_a_reason() {
        let check = |answer, expected| assert_eq!(verdict(answer), expected);
        check("Y", Verdict::Allowed);
        check("yes", Verdict::Allowed);
        check("No", Verdict::Refused);
        check("use trash", Verdict::Instead("use trash".to_owned()));
    }
}
