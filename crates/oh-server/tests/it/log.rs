//! The log for machines.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

#[test]
fn in_json_every_line_is_a_record_and_none_has_the_key() {
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_openhands"))
        .args(["serve", "--port", "0"])
        .current_dir(folder.path())
        .env_clear()
        .env("FILE_STORE_PATH", folder.path())
        .env("BACKEND_HOST", "0.0.0.0")
        .env("LOG_FORMAT", "json")
        .env("LLM_MODEL", "demo")
        .env("SANDBOX_NO_SUCH_KEY", "1")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut records = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        let record: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        assert!(record["timestamp"].is_string() && record["level"].is_string(), "{line}");
        let is_running = record["fields"]["message"] == "OpenHands is running";
        records.push(line);
        if is_running {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let running: Value = serde_json::from_str(records.last().unwrap()).unwrap();
    assert_eq!(running["fields"]["model"], "demo", "{records:?}");
    assert!(running["fields"]["api"].as_str().unwrap().starts_with("0.0.0.0:"), "{records:?}");
    let key = std::fs::read_to_string(folder.path().join("session_key")).unwrap();
    assert!(records.iter().all(|record| !record.contains(&key)));
}
