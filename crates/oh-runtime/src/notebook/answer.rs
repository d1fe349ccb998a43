//! What came of a cell.

use oh_event::{Observation, RunIpythonAction, RunIpythonObservation};

use super::texts;
use crate::live::Live;
use crate::output::Output;

const MAX_PICTURES: usize = 8;
const MEGABYTE: usize = 1024 * 1024;
/// Characters in base64 of all pictures together.
const MAX_PICTURE_CHARS: usize = 8 * MEGABYTE;
/// Begins the first of the lines that say where the kernel is.
const PLACE: &str = "\n[Jupyter current working directory: ";

/// The output of a cell so far.
#[derive(Debug)]
pub(super) struct CellOutput {
    output: Output,
    pictures: Vec<String>,
    picture_chars: usize,
    left_out: usize,
    pub(super) live: Option<Live>,
}

/// Where a kernel is, for the last lines.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) directory: String,
    pub(super) python: String,
}

impl CellOutput {
    pub(super) fn new(output: Output) -> Self {
        Self { output, pictures: Vec::new(), picture_chars: 0, left_out: 0, live: None }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.output.push(text.as_bytes());
        if let Some(live) = &mut self.live {
            live.push(text.as_bytes());
        }
    }

    /// Takes a picture in base64; without `data` it was too long to be sent.
    pub(super) fn push_picture(&mut self, media_type: &str, data: &str, length: usize) {
        let chars = self.picture_chars.saturating_add(length);
        if data.is_empty() || self.pictures.len() >= MAX_PICTURES || chars > MAX_PICTURE_CHARS {
            self.left_out += 1;
            return;
        }
        self.picture_chars = chars;
        self.pictures.push(format!("data:{media_type};base64,{data}"));
    }

    /// Returns the observation; `before` and `note` stand around the output if they are not empty.
    pub(super) fn observation(
        mut self,
        action: RunIpythonAction,
        before: &str,
        note: &str,
        place: &Place,
    ) -> Observation {
        if let Some(live) = &mut self.live {
            live.finish();
        }
        let taken = self.output.take();
        let mut parts = vec![before.to_owned(), taken.text];
        parts.push(taken.note.trim_start().to_owned());
        if self.left_out > 0 {
            let most = MAX_PICTURE_CHARS / MEGABYTE;
            parts.push(texts::pictures_left_out(self.left_out, MAX_PICTURES, most));
        }
        parts.push(note.to_owned());
        let is_silent = parts[1..].iter().all(String::is_empty) && self.pictures.is_empty();
        if is_silent {
            parts.push(texts::NO_OUTPUT.to_owned());
        }
        parts.retain(|part| !part.is_empty());
        let mut content = parts.join("\n");
        if action.include_extra {
            content.push_str(&format!(
                "{PLACE}{}]\n[Jupyter Python interpreter: {}]",
                place.directory, place.python
            ));
        }
        let image_urls = (!self.pictures.is_empty()).then_some(self.pictures);
        Observation::RunIpython(RunIpythonObservation { content, code: action.code, image_urls })
    }
}

/// Adds a note to the text of a cell, before the lines that say where the kernel is.
pub(crate) fn add_note(content: &mut String, note: &str) {
    let at = content.rfind(PLACE).unwrap_or(content.len());
    content.insert_str(at, &format!("\n[{note}]"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Length;

    fn cell() -> RunIpythonAction {
        RunIpythonAction {
            code: "plot()".to_owned(),
            thought: String::new(),
            include_extra: false,
            confirmation_state: oh_event::ConfirmationState::Confirmed,
            security_risk: oh_event::SecurityRisk::Unknown,
            kernel_init_code: String::new(),
        }
    }

    #[test]
    fn pictures_are_bounded_by_count_and_by_size() {
        let output = || CellOutput::new(Output::new(Length::Short, "/nonexistent/spool".into()));
        let shown = |output: CellOutput| {
            let observation = output.observation(cell(), "", "", &Place::default());
            let Observation::RunIpython(cell) = observation else { panic!("{observation:?}") };
            (cell.image_urls.map_or(0, |urls| urls.len()), cell.content)
        };
        let mut many = output();
        for _ in 0..10 {
            many.push_picture("image/png", "aaaa", 4);
        }
        let (count, text) = shown(many);
        assert_eq!(count, MAX_PICTURES);
        assert!(text.starts_with("[2 more pictures are not shown"), "{text}");
        let mut large = output();
        let data = "a".repeat(5 * MEGABYTE);
        large.push_picture("image/png", &data, data.len());
        large.push_picture("image/png", &data, data.len());
        large.push_picture("image/jpeg", "", 99 * MEGABYTE);
        let (count, text) = shown(large);
        assert_eq!(count, 1);
        assert!(text.starts_with("[2 more pictures are not shown"), "{text}");
    }

    #[test]
    fn notes_stand_before_the_lines_about_the_place() {
        let mut text = "out\n[Jupyter current working directory: /w]\n[…]".to_owned();
        add_note(&mut text, "why");
        assert_eq!(text, "out\n[why]\n[Jupyter current working directory: /w]\n[…]");
        let mut text = "out".to_owned();
        add_note(&mut text, "why");
        assert_eq!(text, "out\n[why]");
    }
}
