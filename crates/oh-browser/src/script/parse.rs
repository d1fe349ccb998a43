//! Reads calls out of what a model writes.

use super::Step;
use super::bind::{Arguments, bind, is_known, spelling};
use super::literal::Reader;

/// Most calls of one script.
const MAX_CALLS: usize = 20;
/// Longest script, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// What a model may write before the name of a function.
const OWNERS: [&str; 4] = ["page.", "browser.", "self.", "tab."];

/// Reads all calls, or says what is wrong with the first that cannot be read.
pub(crate) fn parse(code: &str) -> Result<Vec<Step>, String> {
    if code.len() > MAX_BYTES {
        return Err(format!("the code is longer than {} KiB", MAX_BYTES / 1024));
    }
    let mut reader = Reader::new(without_fence(code));
    let mut steps = Vec::new();
    loop {
        skip_between(&mut reader);
        if reader.rest().is_empty() {
            break;
        }
        if steps.len() == MAX_CALLS {
            return Err(format!("more than {MAX_CALLS} calls; make fewer and look in between"));
        }
        steps.push(step(&mut reader)?);
    }
    if steps.is_empty() {
        return Err("there is no call in it; for example: goto('https://example.org')".to_owned());
    }
    Ok(steps)
}

/// Takes off the fence that models like to put around code.
fn without_fence(code: &str) -> &str {
    let code = code.trim();
    let Some(rest) = code.strip_prefix("```") else { return code };
    let body = rest.split_once('\n').map_or(rest, |(_, body)| body);
    body.trim_end().strip_suffix("```").unwrap_or(body)
}

fn skip_between(reader: &mut Reader<'_>) {
    loop {
        reader.skip_space();
        if !reader.take(';') {
            return;
        }
    }
}

fn step(reader: &mut Reader<'_>) -> Result<Step, String> {
    let begin = reader.rest();
    let mut name = reader.word(&['.']);
    if name == "await" {
        reader.skip_space();
        name = reader.word(&['.']);
    }
    let name = OWNERS.iter().find_map(|owner| name.strip_prefix(owner)).unwrap_or(name);
    let line = || begin.lines().next().unwrap_or_default().chars().take(80).collect::<String>();
    if name.is_empty() {
        return Err(format!("`{}` is not a call", line()));
    }
    if !is_known(name) {
        return Err(spelling(name));
    }
    // Blanks may stand before the parenthesis, but not the next line.
    while reader.peek() == Some(' ') {
        reader.take(' ');
    }
    if !reader.take('(') {
        return Err(format!("`{}` is not a call: `{name}` needs parentheses", line()));
    }
    let arguments = arguments(reader).map_err(|problem| format!("in `{}`: {problem}", line()))?;
    let text = begin[..begin.len() - reader.rest().len()].trim().to_owned();
    let call = bind(name, arguments).map_err(|problem| format!("in `{}`: {problem}", line()))?;
    Ok(Step { text, call })
}

fn arguments(reader: &mut Reader<'_>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    loop {
        reader.skip_space();
        if reader.take(')') {
            return Ok(arguments);
        }
        if reader.rest().is_empty() {
            return Err("the closing parenthesis is missing".to_owned());
        }
        match keyword(reader) {
            Some(name) => arguments.named.push((name, reader.literal()?)),
            None => arguments.positional.push(reader.literal()?),
        }
        reader.skip_space();
        if !reader.take(',') && !matches!(reader.peek(), Some(')') | None) {
            let found: String = reader.rest().chars().take(20).collect();
            return Err(format!("`,` or `)` was expected before `{found}`"));
        }
    }
}

/// Takes `name=` or `name:` if that comes next.
fn keyword(reader: &mut Reader<'_>) -> Option<String> {
    let mut ahead = Reader::new(reader.rest());
    let name = ahead.word(&[]);
    ahead.skip_space();
    let is_keyword = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && (ahead.take('=') || ahead.take(':'));
    if !is_keyword {
        return None;
    }
    *reader = ahead;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Call, Click};
    use super::*;

    fn calls(code: &str) -> Result<Vec<Call>, String> {
        parse(code).map(|steps| steps.into_iter().map(|step| step.call).collect())
    }

    fn check(code: &str, expected: &[Call]) {
        assert_eq!(calls(code).as_deref(), Ok(expected), "{code}");
    }

    fn goto(url: &str) -> Call {
        Call::Goto { url: url.to_owned() }
    }

    fn click(bid: &str) -> Call {
        let click = Click { button: "left", modifiers: Vec::new(), count: 1 };
        Call::Click { bid: bid.to_owned(), click }
    }

    #[test]
    fn every_function_is_read() {
        let text = str::to_owned;
        check("goto('http://a.b/c?d=(1)')", &[goto("http://a.b/c?d=(1)")]);
        check("go_back()\ngo_forward()", &[Call::GoBack, Call::GoForward]);
        check("noop()", &[Call::Noop { wait: Duration::from_secs(1) }]);
        check("noop(500)", &[Call::Noop { wait: Duration::from_millis(500) }]);
        check("scroll(0, -200.5)", &[Call::Scroll { dx: 0.0, dy: -200.5 }]);
        check("fill('12', 'x')", &[Call::Fill { bid: text("12"), value: text("x") }]);
        check("clear('12')", &[Call::Clear { bid: text("12") }]);
        check("focus('12')", &[Call::Focus { bid: text("12") }]);
        check("hover('12')", &[Call::Hover { bid: text("12") }]);
        check("press('12', 'Enter')", &[Call::Press { bid: text("12"), keys: text("Enter") }]);
        let options = |options: &[&str]| Call::SelectOption {
            bid: text("3"),
            options: options.iter().map(|&option| text(option)).collect(),
        };
        check("select_option('3', 'blue')", &[options(&["blue"])]);
        check("select_option('3', ['a', \"b\",])", &[options(&["a", "b"])]);
        check("select_option('3', options=('a', 7))", &[options(&["a", "7"])]);
        check("drag_and_drop('1', '2')", &[Call::DragAndDrop { from: text("1"), to: text("2") }]);
        check(
            "upload_file('5', '/tmp/a b.txt')",
            &[Call::UploadFile { bid: text("5"), files: vec![text("/tmp/a b.txt")] }],
        );
        let right = Click { button: "right", modifiers: vec![text("Shift")], count: 2 };
        check(
            "dblclick('4', button=\"right\", modifiers=['Shift'])",
            &[Call::Click { bid: text("4"), click: right }],
        );
        check("tab_focus(1)", &[Call::TabFocus { index: 1 }]);
        check("new_tab()\ntab_close()", &[Call::NewTab, Call::TabClose]);
        check(
            "answer_dialogs(True, 'yes')",
            &[Call::AnswerDialogs { accept: true, text: text("yes") }],
        );
    }

    #[test]
    fn what_models_write_is_understood() {
        check("click(12)", &[click("12")]);
        check("click('[12]')", &[click("12")]);
        check("click([12])", &[click("12")]);
        check("click(bid='12',)", &[click("12")]);
        check("  click ( '12' ) ;\n\n# and on\nclick('13')", &[click("12"), click("13")]);
        check("click('12'); click('13')", &[click("12"), click("13")]);
        check("```python\nclick('12')\n```", &[click("12")]);
        check("await page.click('12')", &[click("12")]);
        check("goBack()", &[Call::GoBack]);
        check("Goto(url: 'x')", &[goto("x")]);
        check("navigate(\"x\")", &[goto("x")]);
        check("goto(https)", &[goto("https")]);
        check(
            "fill('1', 'it\\'s \\u00e9 \\n \\d')",
            &[Call::Fill { bid: "1".to_owned(), value: "it's é \n \\d".to_owned() }],
        );
        check(
            "fill('1', '''a 'b'\nc''')",
            &[Call::Fill { bid: "1".to_owned(), value: "a 'b'\nc".to_owned() }],
        );
        check(
            "fill('1', r'\\n' 'x')",
            &[Call::Fill { bid: "1".to_owned(), value: "\\nx".to_owned() }],
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |code: &str, expected: &str| {
            let problem = calls(code).unwrap_err();
            assert!(problem.contains(expected), "{code}: {problem}");
        };
        check("", "no call in it");
        check("# nothing", "no call in it");
        check("clik('12')", "`click`");
        check("import os", "no function `import`");
        check("click()", "`bid` is missing");
        check("click('12', 'left', [], 3)", "at most 3");
        check("click('12', clicks=2)", "no argument `clicks`");
        check("click('12', bid='13')", "`bid` is given twice");
        check("click('12', button='top')", "`left`, `middle` or `right`");
        check("click('12'", "closing parenthesis");
        check("fill('12', 'x)", "does not end");
        check("scroll('far', 1)", "`dx` must be a number");
        check("goto", "needs parentheses");
        check("noop(-1)", "`wait_ms`");
        check(&"noop(1)\n".repeat(21), "more than 20");
        check(&"x".repeat(300_000), "longer than 256 KiB");
    }

    #[test]
    fn anything_is_an_answer_and_no_panic() {
        for code in
            ["\u{0}", "'", "(", "click(", "click([", "click({'a'", "goto('\\u12", "é('", "\\"]
        {
            assert!(calls(code).is_err(), "{code}");
        }
    }
}
