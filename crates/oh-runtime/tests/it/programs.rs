//! Programs that are talked to over their standard input and output.

use std::time::Duration;

use oh_runtime::{Program, RunningProgram, Runtime, SandboxMode};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::sandbox::{MODES, Sandbox};
use crate::support::{Fixture, LONG};

fn bash(script: &str) -> Program {
    Program {
        command: "bash".to_owned(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        environment: vec![("WORD".to_owned(), "from the environment".to_owned())],
        ..Program::default()
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, work).await.expect("it comes in time")
}

async fn check(runtime: &dyn Runtime) {
    let script = "echo warning >&2; while read -r line; do echo \"$line $WORD\"; done";
    let mut program = runtime.start_program(bash(script)).await.unwrap();
    let mut lines = BufReader::new(&mut program.stream);
    for word in ["one", "two"] {
        in_time(lines.write_all(format!("{word}\n").as_bytes())).await.unwrap();
        let mut line = String::new();
        in_time(lines.read_line(&mut line)).await.unwrap();
        assert_eq!(line, format!("{word} from the environment\n"));
    }
    let mut ended = runtime.start_program(bash("echo why >&2; exit 3")).await.unwrap();
    assert_eq!(rest(&mut ended).await, "");
    assert_eq!(ended.errors.text(), "why");
    let missing = Program { command: "no-such-program".to_owned(), ..Program::default() };
    let mut missing = runtime.start_program(missing).await.unwrap();
    assert_eq!(rest(&mut missing).await, "");
    assert!(
        missing.errors.text().contains("no-such-program: not found"),
        "{:?}",
        missing.errors.text()
    );
    in_time(async {
        while program.errors.text() != "warning" {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn rest(program: &mut RunningProgram) -> String {
    let mut text = String::new();
    in_time(program.stream.read_to_string(&mut text)).await.unwrap();
    text
}

#[tokio::test]
async fn a_program_is_talked_to_and_says_why_it_ended() {
    check(&Fixture::new().runtime).await;
}

#[tokio::test]
async fn a_program_in_a_sandbox_is_talked_to_and_says_why_it_ended() {
    for mode in MODES.into_iter().chain([SandboxMode::Unconfined]) {
        check(&Sandbox::new(mode).runtime).await;
    }
}

#[tokio::test]
async fn many_bytes_arrive_whoever_is_slow() {
    let sandbox = Sandbox::new(SandboxMode::Landlock);
    let program = sandbox.runtime.start_program(bash("cat; echo")).await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(program.stream);
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    // Nobody reads yet: the writer has to wait, and nothing is kept without bound.
    let early = tokio::time::timeout(Duration::from_millis(300), writer.write_all(&sent)).await;
    assert!(early.is_err());
    drop((reader, writer));

    let program = sandbox.runtime.start_program(bash("cat")).await.unwrap();
    (reader, writer) = tokio::io::split(program.stream);
    let mut received = vec![0; sent.len()];
    let (written, read) =
        in_time(async { tokio::join!(writer.write_all(&sent), reader.read_exact(&mut received)) })
            .await;
    written.unwrap();
    read.unwrap();
    assert!(received == sent, "the bytes are those that were sent");
}

#[tokio::test]
async fn a_program_ends_with_its_stream_and_with_the_processes_of_the_conversation() {
    let sandbox = Sandbox::new(SandboxMode::Landlock);
    let workspace = sandbox.runtime.workspace().to_owned();
    let script = "echo $$ > pid; echo ready; sleep 1000";
    let process = || std::fs::read_to_string(workspace.join("pid")).unwrap();
    for ends_with_stream in [true, false] {
        let mut program = sandbox.runtime.start_program(bash(script)).await.unwrap();
        let mut word = [0; 6];
        in_time(program.stream.read_exact(&mut word)).await.unwrap();
        let process = std::path::Path::new("/proc").join(process().trim());
        assert!(process.exists());
        if ends_with_stream {
            drop(program);
        } else {
            sandbox.runtime.stop_processes().await;
            assert_eq!(rest(&mut program).await, "");
        }
        in_time(async {
            while process.exists() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_program_is_confined_like_commands() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let outside = sandbox.directory.path().join("outside");
        let script = format!("echo x > {}; echo y > inside && echo done", outside.display());
        let mut program = sandbox.runtime.start_program(bash(&script)).await.unwrap();
        assert_eq!(rest(&mut program).await, "done\n");
        assert!(!outside.exists() && sandbox.directory.path().join("workspace/inside").exists());
    }
}

#[tokio::test]
async fn a_program_is_no_background_process_of_a_command() {
    let fixture = Fixture::new();
    let runtime = &fixture.runtime;
    let program = runtime.start_program(bash("sleep 600 & sleep 600")).await.unwrap();
    fixture.run("sleep 601 & true").await;
    let background = runtime.activity().await.background;
    assert_eq!(background.len(), 1, "{background:?}");
    assert!(background[0].starts_with("sleep 601"), "{background:?}");
    drop(program);
}
