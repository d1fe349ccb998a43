//! Cells that take too long, kernels that die, and what is left of them.

use std::time::Duration;

use oh_event::Action;
use oh_runtime::{ActionRequest, Runtime};
use tokio::sync::mpsc;

use crate::notebook::{cell, cell_action, cell_for, cell_observation, fixture, kinds, observe};
use crate::support::{LONG, eventually, is_running, sleeper};

const SHORT: Duration = Duration::from_secs(2);
const STUBBORN: &str = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('begun')\nwhile True: time.sleep(0.1)";

#[tokio::test]
async fn a_cell_that_takes_too_long_is_interrupted_and_its_output_kept() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        cell(runtime, "kept = 'still here'").await;
        let text = cell_for(runtime, "import time\nprint('begun')\ntime.sleep(1000)", SHORT).await;
        assert!(text.starts_with("begun\n") && text.contains("KeyboardInterrupt"), "{text}");
        assert!(
            text.contains("[The cell timed out after 2 seconds and was interrupted."),
            "{text}"
        );
        assert_eq!(cell(runtime, "kept").await, "'still here'");
        let text = cell_for(runtime, &format!("!{}", sleeper(40)), SHORT).await;
        assert!(text.contains("timed out after 2 seconds"), "{text}");
        assert!(!is_running(&sleeper(40)));
        assert_eq!(cell(runtime, "kept").await, "'still here'");
    }
}

#[tokio::test]
async fn a_kernel_that_ignores_the_interrupt_is_replaced() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        cell(runtime, "kept = 1").await;
        let text = cell_for(runtime, STUBBORN, SHORT).await;
        assert!(
            text.starts_with("begun\n") && text.contains("timed out after 2 seconds"),
            "{text}"
        );
        assert!(text.contains("the kernel was killed. Its state is lost"), "{text}");
        let text = cell(runtime, "kept").await;
        assert!(text.contains("NameError"), "{text}");
    }
}

#[tokio::test]
async fn a_kernel_that_dies_is_replaced_and_what_it_printed_is_told() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        for (code, how) in [
            ("import os\nprint('last words')\nos._exit(3)", "exit code 3"),
            (
                "import os, signal\nprint('last words')\nos.kill(os.getpid(), signal.SIGKILL)",
                "SIGKILL",
            ),
        ] {
            let text = cell(runtime, code).await;
            assert!(text.starts_with("last words\n"), "{text}");
            assert!(
                text.contains(&format!(
                    "[The kernel ended while it ran this cell ({how}). Its state is lost"
                )),
                "{text}"
            );
            assert_eq!(cell(runtime, "'new'").await, "'new'");
        }
        // Between cells: the next one says it.
        let pid = cell(runtime, "import os\nos.getpid()").await;
        fixture.check(&format!("kill -9 {pid}"), "", 0).await;
        let text = cell(runtime, "2").await;
        let is_told = text.starts_with("[This is a new kernel: the one before ended (SIGKILL).");
        // It may have taken the cell before its death was seen.
        assert!(is_told && text.ends_with("\n2") || text.contains("[The kernel ended"), "{text}");
    }
}

#[tokio::test]
async fn a_cell_that_nobody_waits_for_ends_and_the_kernel_stays() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        cell(runtime, "kept = 1").await;
        let sleeper = sleeper(41 + kind as u32);
        let code = format!(
            "import subprocess\nchild = subprocess.Popen(['sh', '-c', 'trap \"\" INT; {sleeper}'])\nprint('begun', flush=True)\nimport time\ntime.sleep(1000)"
        );
        let (sink, mut live) = mpsc::channel(16);
        let request = ActionRequest {
            action: Action::RunIpython(cell_action(&code)),
            timeout: None,
            output: Some(sink),
        };
        let running = runtime.execute(request);
        tokio::select! {
            observation = running => panic!("{observation:?}"),
            text = live.recv() => assert_eq!(text.unwrap(), "begun\n"),
        }
        assert_eq!(cell(runtime, "kept").await, "1");
        eventually(LONG, "what the cell started ends", || !is_running(&sleeper)).await;
    }
}

#[tokio::test]
async fn a_stubborn_cell_that_nobody_waits_for_is_told_to_the_next() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        let (sink, mut live) = mpsc::channel(16);
        let action = Action::RunIpython(cell_action(STUBBORN));
        let running = runtime.execute(ActionRequest { action, timeout: None, output: Some(sink) });
        tokio::select! {
            observation = running => panic!("{observation:?}"),
            text = live.recv() => assert_eq!(text.unwrap(), "begun\n"),
        }
        let text = cell(runtime, "3").await;
        assert!(text.starts_with("[This is a new kernel: the last cell did not end"), "{text}");
        assert!(text.ends_with("\n3"), "{text}");
        assert_eq!(cell(runtime, "3").await, "3");
    }
}

#[tokio::test]
async fn stopping_ends_the_kernel_and_closing_leaves_nothing() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        let marker = runtime.session_marker().to_owned();
        let count = || {
            let entries = std::fs::read_dir("/proc").unwrap().flatten();
            let environments =
                entries.filter_map(|entry| std::fs::read(entry.path().join("environ")).ok());
            environments.filter(|text| String::from_utf8_lossy(text).contains(&marker)).count()
        };
        cell(runtime, "kept = 1\nimport subprocess\nchild = subprocess.Popen(['sleep', '1000'], start_new_session=True)").await;
        // The driver, the kernel and the child.
        assert_eq!(count(), 3);
        let activity = runtime.activity().await;
        assert_eq!(activity.foreground, None);
        assert_eq!(activity.background.len(), 1, "{activity:?}");
        runtime.stop_processes().await;
        assert_eq!(count(), 0);
        let text = cell(runtime, "kept").await;
        assert!(
            text.starts_with("[This is a new kernel: the processes of this session were stopped."),
            "{text}"
        );
        assert!(text.contains("NameError"), "{text}");
        let sleep = observe(runtime, cell_action("import time\ntime.sleep(1000)"), LONG);
        let stop = async {
            while runtime.activity().await.foreground.is_none() {
                tokio::task::yield_now().await;
            }
            runtime.stop_processes().await;
        };
        let (observation, ()) = tokio::join!(sleep, stop);
        let text = cell_observation(observation).content;
        assert!(text.contains("[All processes of this session were stopped"), "{text}");
        cell(runtime, "1").await;
        runtime.close().await;
        assert_eq!(count(), 0);
        let observation = observe(runtime, cell_action("1"), LONG).await;
        assert!(observation.content().contains("is closed"), "{observation:?}");
    }
}

#[tokio::test]
async fn cells_and_commands_run_beside_each_other() {
    for kind in kinds() {
        let fixture = fixture(kind);
        let runtime = &fixture.runtime;
        cell(runtime, "import os\nos.mkfifo('pipe')").await;
        // Each waits for the other.
        let (text, command) = tokio::join!(
            cell(runtime, "print(open('pipe').read())"),
            fixture.output("echo from the shell > pipe")
        );
        assert_eq!((text.as_str(), command), ("from the shell", (String::new(), 0)));
    }
}
