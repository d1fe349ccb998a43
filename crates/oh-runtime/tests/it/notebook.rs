//! Cells of Python: what they print, show and keep, with each kind of kernel.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use oh_event::{
    Action, ConfirmationState, Observation, RunIpythonAction, RunIpythonObservation, SecurityRisk,
};
use oh_runtime::{ActionRequest, LocalRuntimeConfig, Runtime};

use crate::support::{Fixture, LONG};

/// Names a Python that has ipykernel and matplotlib; `test.sh` makes one.
const PYTHON: &str = "NOTEBOOK_TEST_PYTHON";
/// One pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// What runs the cells of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The notebook that needs nothing but Python.
    Minimal,
    /// The kernel of Jupyter.
    Ipykernel,
}

/// Returns the kinds that this machine has, and says which it has not.
pub(crate) fn kinds() -> Vec<Kind> {
    if rich_python().is_none() {
        println!(
            "skipped with ipykernel: {PYTHON} names no Python that has it; ./test.sh makes one"
        );
        return vec![Kind::Minimal];
    }
    vec![Kind::Minimal, Kind::Ipykernel]
}

/// Returns the Python that has ipykernel and matplotlib, if there is one.
pub(crate) fn rich_python() -> Option<PathBuf> {
    let python = PathBuf::from(std::env::var_os(PYTHON)?);
    assert!(python.is_file(), "{PYTHON} is {}, which is no file", python.display());
    Some(python)
}

/// Lets `kind` run the cells.
pub(crate) fn choose(kind: Kind, config: &mut LocalRuntimeConfig) {
    match kind {
        Kind::Minimal => {
            let choice = ("OPENHANDS_NOTEBOOK_KERNEL".to_owned(), "minimal".to_owned());
            config.environment.push(choice);
        }
        Kind::Ipykernel => put_first(&rich_python().unwrap(), config),
    }
}

/// Lets commands find `python` before others.
fn put_first(python: &std::path::Path, config: &mut LocalRuntimeConfig) {
    let mut path = OsString::from(python.parent().unwrap());
    path.push(":");
    path.push(config.host.path.clone().unwrap());
    config.host.path = Some(path);
}

pub(crate) fn cell_action(code: &str) -> RunIpythonAction {
    RunIpythonAction {
        code: code.to_owned(),
        thought: String::new(),
        include_extra: false,
        confirmation_state: ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Unknown,
        kernel_init_code: String::new(),
    }
}

pub(crate) async fn observe(
    runtime: &dyn Runtime,
    action: RunIpythonAction,
    timeout: Duration,
) -> Observation {
    let action = Action::RunIpython(action);
    let request = ActionRequest { action, timeout: Some(timeout), output: None };
    // A cell that hangs is a failure, not a test that never ends.
    tokio::time::timeout(timeout + LONG, runtime.execute(request)).await.unwrap()
}

pub(crate) fn cell_observation(observation: Observation) -> RunIpythonObservation {
    match observation {
        Observation::RunIpython(observation) => observation,
        other => panic!("not of a cell: {other:?}"),
    }
}

/// Runs a cell and returns its text.
pub(crate) async fn cell(runtime: &dyn Runtime, code: &str) -> String {
    cell_for(runtime, code, LONG).await
}

pub(crate) async fn cell_for(runtime: &dyn Runtime, code: &str, timeout: Duration) -> String {
    cell_observation(observe(runtime, cell_action(code), timeout).await).content
}

pub(crate) fn fixture(kind: Kind) -> Fixture {
    Fixture::with(|config| choose(kind, config))
}

async fn check(runtime: &dyn Runtime, code: &str, expected: &str) {
    assert_eq!(cell(runtime, code).await, expected, "{code}");
}

#[tokio::test]
async fn what_cells_print_and_what_they_return_comes_in_order() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        check(runtime, "x = 20\nprint('one')\nx + 1", "one\n21").await;
        check(runtime, "x * 2", "40").await;
        check(
            runtime,
            "def double(n):\n    return n * 2",
            "[Code executed successfully with no output]",
        )
        .await;
        check(
            runtime,
            "print(double(4), end='')\ndisplay('shown')\nprint('after')\n_",
            "8\n'shown'\nafter\n40",
        )
        .await;
        check(runtime, "print('\\x1b[31mred\\x1b[0m ümläut')", "red ümläut").await;
        check(runtime, "import asyncio\nawait asyncio.sleep(0)\n'awaited'", "'awaited'").await;
        check(runtime, "import sys\nprint('b', file=sys.stderr)\nprint('a')", "b\na").await;
    }
}

#[tokio::test]
async fn an_error_has_its_traceback_and_keeps_the_state() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let text = cell(&fixture.runtime, "kept = 7\nprint('before')\n1 / 0\nprint('after')").await;
        assert!(text.starts_with("before\n") && text.contains("Traceback"), "{text}");
        assert!(text.contains("1 / 0") && text.ends_with("division by zero"), "{text}");
        assert!(!text.contains("repl.py") && !text.contains('\u{1b}'), "{text}");
        let text = cell(&fixture.runtime, "def f(:").await;
        assert!(text.ends_with("SyntaxError: invalid syntax"), "{text}");
        check(&fixture.runtime, "kept", "7").await;
        let text = cell(&fixture.runtime, "input('name? ')").await;
        assert!(
            text.contains("no standard input") || text.contains("StdinNotImplemented"),
            "{text}"
        );
        check(&fixture.runtime, "kept", "7").await;
    }
}

#[tokio::test]
async fn output_of_child_processes_is_seen() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        let code = "import os, subprocess\nprint('mine')\nsubprocess.run(['sh', '-c', 'echo child; echo error >&2'], check=True)\nos.write(1, b'raw\\n');";
        let text = cell(runtime, code).await;
        assert_eq!(text, "mine\nchild\nerror\nraw");
        check(runtime, "!echo $((6 * 7))", "42").await;
        check(runtime, "for n in range(2):\n    !echo again", "again\nagain").await;
    }
}

#[tokio::test]
async fn the_notebook_follows_the_shell_and_says_where_it_is() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        let workspace = fixture.workspace();
        let with_place = || RunIpythonAction { include_extra: true, ..cell_action("'text'") };
        let python = cell(runtime, "import sys\nprint(sys.executable)").await;
        let expected = |place: PathBuf| {
            format!(
                "'text'\n[Jupyter current working directory: {}]\n[Jupyter Python interpreter: {python}]",
                place.display()
            )
        };
        let text = cell_observation(observe(runtime, with_place(), LONG).await).content;
        assert_eq!(text, expected(workspace.clone()));
        fixture.check("mkdir -p sub/other && cd sub", "", 0).await;
        let text = cell_observation(observe(runtime, with_place(), LONG).await).content;
        assert_eq!(text, expected(workspace.join("sub")));
        // The notebook may go elsewhere, and stays there until the shell moves.
        cell(runtime, "import os\nos.chdir('other')").await;
        let text = cell_observation(observe(runtime, with_place(), LONG).await).content;
        assert_eq!(text, expected(workspace.join("sub/other")));
        fixture.check("cd ..", "", 0).await;
        let text = cell_observation(observe(runtime, with_place(), LONG).await).content;
        assert_eq!(text, expected(workspace));
    }
}

#[tokio::test]
async fn pictures_come_beside_the_text() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let code = format!(
            "import base64\nclass Picture:\n    def __repr__(self): return 'a picture'\n    def _repr_png_(self): return base64.b64decode('{PIXEL}')\nprint('before')\ndisplay(Picture())\nprint('after')\nPicture()"
        );
        let observation = observe(&fixture.runtime, cell_action(&code), LONG).await;
        let url = format!("data:image/png;base64,{PIXEL}");
        let expected = RunIpythonObservation {
            content: "before\na picture\nafter\na picture".to_owned(),
            code,
            image_urls: Some(vec![url.clone(), url]),
        };
        assert_eq!(cell_observation(observation), expected);
        let many = cell_action("for n in range(20):\n    display(Picture())");
        let observation = cell_observation(observe(&fixture.runtime, many, LONG).await);
        assert_eq!(observation.image_urls.as_ref().unwrap().len(), 8);
        assert!(observation.content.contains("[12 more pictures are not shown"), "{observation:?}");
    }
}

#[tokio::test]
async fn figures_of_matplotlib_are_pictures() {
    let Some(python) = rich_python() else {
        println!("skipped: {PYTHON} names no Python that has matplotlib; ./test.sh makes one");
        return;
    };
    for kind in kinds() {
        let fixture = Fixture::with(|config| {
            put_first(&python, config);
            choose(kind, config);
        });
        let code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('between')\nplt.plot([3, 1]);";
        let observation =
            cell_observation(observe(&fixture.runtime, cell_action(code), LONG).await);
        let figure = "<Figure size 640x480 with 1 Axes>";
        assert_eq!(observation.content, format!("{figure}\nbetween\n{figure}"));
        let urls = observation.image_urls.unwrap();
        assert!(urls.len() == 2 && urls[0] != urls[1], "{urls:?}");
        assert!(urls.iter().all(|url| url.starts_with("data:image/png;base64,iVBOR")), "{urls:?}");
    }
}

#[tokio::test]
async fn long_output_is_shortened_and_kept_in_a_file() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let text = cell(&fixture.runtime, "for n in range(200_000):\n    print(n)").await;
        assert!(text.starts_with("0\n1\n2\n") && text.chars().count() < 31_000, "{text}");
        let (_, note) = text.split_once("199998\n199999\n[All ").unwrap();
        let (_, path) = note.split_once("are in ").unwrap();
        let kept = std::fs::read_to_string(path.trim_end_matches(".]")).unwrap();
        assert_eq!(kept.lines().count(), 200_000);
        let text = cell(&fixture.runtime, "'x' * 10_000_000").await;
        assert!(text.chars().count() < 31_000 && text.ends_with(".log.]"), "{}", text.len());
    }
}

#[tokio::test]
async fn magics_and_helpers_are_there() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        let lines: String = (1..=300).map(|n| format!("line {n}\n")).collect();
        std::fs::write(fixture.workspace().join("long.txt"), lines).unwrap();
        let version = cell(runtime, "%pip --version").await;
        assert!(version.starts_with("pip ") && version.contains("python"), "{version}");
        cell(runtime, "%cd /").await;
        check(runtime, "%pwd", "'/'").await;
        check(runtime, "%%bash\necho in bash", "in bash").await;
        cell(runtime, &format!("%cd {}", fixture.workspace().display())).await;
        let shown = cell(runtime, "open_file('long.txt', 150)").await;
        assert!(shown.contains("\n(99 lines above)\n100|line 100\n"), "{shown}");
        assert!(shown.ends_with("199|line 199\n(101 lines below)"), "{shown}");
        let shown = cell(runtime, "scroll_down()").await;
        assert!(shown.contains("\n200|line 200\n"), "{shown}");
        let found = cell(runtime, "search_file('line 29')").await;
        assert!(found.contains("[11 places") && found.ends_with("Line 299: line 299"), "{found}");
        check(runtime, "find_file('long')", "[1 places in ./ hold \"long\"]\n./long.txt").await;
        let missing = cell(runtime, "parse_docx('a.docx')").await;
        assert!(missing.contains("%pip install python-docx"), "{missing}");
    }
}

#[tokio::test]
async fn the_code_for_a_kernel_runs_before_the_cell() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let init = "ready = 'yes'\nprint('init')".to_owned();
        let action = RunIpythonAction { kernel_init_code: init, ..cell_action("ready") };
        let observation = observe(&fixture.runtime, action, LONG).await;
        assert_eq!(cell_observation(observation).content, "init\n'yes'");
        let action =
            RunIpythonAction { kernel_init_code: "1 / 0".to_owned(), ..cell_action("'ran'") };
        let text = cell_observation(observe(&fixture.runtime, action, LONG).await).content;
        assert!(text.contains("ZeroDivisionError") && !text.contains("ran"), "{text}");
    }
}

#[tokio::test]
async fn without_python_the_model_is_told_how_to_get_it() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/bash", directory.path().join("bash")).unwrap();
    let old = directory.path().join("python3");
    std::fs::write(&old, "#!/bin/sh\necho 'old Python' >&2; exit 1\n").unwrap();
    std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let fixture = Fixture::with(|config| config.host.path = Some(directory.path().into()));
    let Observation::Error(error) = observe(&fixture.runtime, cell_action("1"), LONG).await else {
        panic!("it ran");
    };
    assert!(error.content.contains("Python 3.9 or later"), "{error:?}");
    assert!(error.content.contains("apt-get install python3"), "{error:?}");
    assert!(
        error.content.contains(&format!("{} cannot be used: old Python", old.display())),
        "{error:?}"
    );
}
