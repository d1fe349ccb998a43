//! Which functions there are, and how their arguments are read.

use std::time::Duration;

use super::literal::Literal;
use super::{Call, Click};

/// Longest pause that can be asked for.
const LONGEST_WAIT: f64 = 30_000.0;

/// The functions and the names of their arguments.
const FUNCTIONS: [(&str, &[&str]); 19] = [
    ("goto", &["url"]),
    ("go_back", &[]),
    ("go_forward", &[]),
    ("noop", &["wait_ms"]),
    ("scroll", &["dx", "dy"]),
    ("fill", &["bid", "value"]),
    ("select_option", &["bid", "options"]),
    ("click", &["bid", "button", "modifiers"]),
    ("dblclick", &["bid", "button", "modifiers"]),
    ("hover", &["bid"]),
    ("press", &["bid", "key_comb"]),
    ("focus", &["bid"]),
    ("clear", &["bid"]),
    ("drag_and_drop", &["from_bid", "to_bid"]),
    ("upload_file", &["bid", "file"]),
    ("new_tab", &[]),
    ("tab_focus", &["index"]),
    ("tab_close", &[]),
    ("answer_dialogs", &["accept", "text"]),
];

/// Other names that models give them.
const OTHER_NAMES: [(&str, &str); 7] = [
    ("navigate", "goto"),
    ("open", "goto"),
    ("back", "go_back"),
    ("forward", "go_forward"),
    ("wait", "noop"),
    ("double_click", "dblclick"),
    ("close_tab", "tab_close"),
];

/// What stands between the parentheses.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Literal>,
    pub(super) named: Vec<(String, Literal)>,
}

fn function(name: &str) -> Option<(&'static str, &'static [&'static str])> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let name = plain(name);
    let other = OTHER_NAMES.iter().find(|(other, _)| plain(other) == name).map(|(_, name)| *name);
    FUNCTIONS.into_iter().find(|(known, _)| other.map_or(plain(known) == name, |o| o == *known))
}

pub(super) fn is_known(name: &str) -> bool {
    function(name).is_some()
}

/// Says that there is no such function, and which is meant perhaps.
pub(super) fn spelling(name: &str) -> String {
    let is_near = |known: &&str| distance(known, name) <= 2;
    let names = FUNCTIONS.map(|(name, _)| name);
    match names.iter().find(|known| is_near(known)) {
        Some(near) => format!("there is no function `{name}`; did you mean `{near}`?"),
        None => format!("there is no function `{name}`; there are {}", names.join(", ")),
    }
}

/// Returns how many letters differ between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, right) in b.iter().enumerate() {
            let cost = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Makes the call of a function that is known.
pub(super) fn bind(name: &str, arguments: Arguments) -> Result<Call, String> {
    let Some((name, parameters)) = function(name) else { return Err(spelling(name)) };
    let mut values = Values::new(name, parameters, arguments)?;
    Ok(match name {
        "goto" => Call::Goto { url: values.text("url")? },
        "go_back" => Call::GoBack,
        "go_forward" => Call::GoForward,
        "noop" => Call::Noop { wait: values.wait()? },
        "scroll" => Call::Scroll { dx: values.number("dx")?, dy: values.number("dy")? },
        "fill" => Call::Fill { bid: values.bid("bid")?, value: values.text("value")? },
        "select_option" => {
            Call::SelectOption { bid: values.bid("bid")?, options: values.texts("options")? }
        }
        "click" => Call::Click { bid: values.bid("bid")?, click: values.click(1)? },
        "dblclick" => Call::Click { bid: values.bid("bid")?, click: values.click(2)? },
        "hover" => Call::Hover { bid: values.bid("bid")? },
        "press" => Call::Press { bid: values.bid("bid")?, keys: values.text("key_comb")? },
        "focus" => Call::Focus { bid: values.bid("bid")? },
        "clear" => Call::Clear { bid: values.bid("bid")? },
        "drag_and_drop" => {
            Call::DragAndDrop { from: values.bid("from_bid")?, to: values.bid("to_bid")? }
        }
        "upload_file" => Call::UploadFile { bid: values.bid("bid")?, files: values.texts("file")? },
        "new_tab" => Call::NewTab,
        "tab_focus" => Call::TabFocus { index: values.index()? },
        "tab_close" => Call::TabClose,
        _ => {
            let accept = !matches!(values.take("accept"), Some(Literal::Bool(false)));
            let text = values.take("text").map_or_else(String::new, plain_text);
            Call::AnswerDialogs { accept, text }
        }
    })
}

/// The arguments of a call by their names.
struct Values {
    given: Vec<(&'static str, Literal)>,
}

impl Values {
    fn new(
        name: &str,
        parameters: &'static [&'static str],
        arguments: Arguments,
    ) -> Result<Self, String> {
        let Arguments { positional, named } = arguments;
        if positional.len() > parameters.len() {
            let most = parameters.len();
            return Err(format!(
                "`{name}` takes at most {most} arguments: ({})",
                parameters.join(", ")
            ));
        }
        let mut given: Vec<_> = parameters.iter().copied().zip(positional).collect();
        for (wanted, value) in named {
            let Some(&parameter) = parameters.iter().find(|known| **known == wanted) else {
                let known = parameters.join(", ");
                return Err(format!("`{name}` has no argument `{wanted}`; it takes ({known})"));
            };
            if given.iter().any(|(known, _)| *known == parameter) {
                return Err(format!("`{parameter}` is given twice"));
            }
            given.push((parameter, value));
        }
        given.retain(|(_, value)| *value != Literal::None);
        Ok(Self { given })
    }

    fn take(&mut self, name: &str) -> Option<Literal> {
        let at = self.given.iter().position(|(known, _)| *known == name)?;
        Some(self.given.swap_remove(at).1)
    }

    fn required(&mut self, name: &str) -> Result<Literal, String> {
        self.take(name).ok_or_else(|| format!("the argument `{name}` is missing"))
    }

    fn text(&mut self, name: &str) -> Result<String, String> {
        self.required(name).map(plain_text)
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        Ok(match self.required(name)? {
            Literal::List(values) => values.into_iter().map(plain_text).collect(),
            value => vec![plain_text(value)],
        })
    }

    /// Reads the number of an element, with or without the brackets of the tree.
    fn bid(&mut self, name: &str) -> Result<String, String> {
        let text = self.text(name)?;
        let bid = text.trim().trim_start_matches('[').trim_end_matches(']').trim();
        if bid.is_empty() {
            return Err(format!("`{name}` is empty; it is the number before an element"));
        }
        Ok(bid.to_owned())
    }

    fn number(&mut self, name: &str) -> Result<f64, String> {
        let number = match self.required(name)? {
            Literal::Number(number) => Some(number),
            Literal::Text(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
            Literal::Bool(_) | Literal::None | Literal::List(_) => None,
        };
        number.ok_or_else(|| format!("`{name}` must be a number"))
    }

    fn wait(&mut self) -> Result<Duration, String> {
        if self.given.is_empty() {
            return Ok(Duration::from_secs(1));
        }
        let wait = self.number("wait_ms")?;
        if !(0.0..=LONGEST_WAIT).contains(&wait) {
            return Err(format!("`wait_ms` must be from 0 to {LONGEST_WAIT} milliseconds"));
        }
        Ok(Duration::from_secs_f64(wait / 1000.0))
    }

    fn index(&mut self) -> Result<usize, String> {
        let number = self.number("index")?;
        let is_index = (0.0..1000.0).contains(&number) && number.fract() == 0.0;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was checked to be a small whole number"
        )]
        is_index.then_some(number as usize).ok_or_else(|| {
            "`index` must be the number of a tab; the first has the number 0".to_owned()
        })
    }

    fn click(&mut self, count: u8) -> Result<Click, String> {
        let button = self.take("button").map_or_else(|| "left".to_owned(), plain_text);
        let Some(button) = ["left", "middle", "right"].into_iter().find(|known| *known == button)
        else {
            return Err("`button` must be `left`, `middle` or `right`".to_owned());
        };
        let modifiers = if self.given.is_empty() { Vec::new() } else { self.texts("modifiers")? };
        Ok(Click { button, modifiers, count })
    }
}

fn plain_text(value: Literal) -> String {
    match value {
        Literal::Text(text) => text,
        Literal::Number(number) => number.to_string(),
        Literal::Bool(value) => value.to_string(),
        Literal::None => String::new(),
        Literal::List(values) => values.into_iter().map(plain_text).collect::<Vec<_>>().join(","),
    }
}
