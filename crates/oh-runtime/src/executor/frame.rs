//! What the server and the supervisor of a sandbox say to each other.
//!
//! A frame is its length in four bytes, a byte for its kind, eight for the number of the request, and
//! a payload. Actions and observations are in the form of the log.

use std::io;
use std::time::Duration;

use oh_event::{
    Action, Event, EventBody, EventDraft, EventId, EventSource, Observation, Timestamp,
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::config::LocalRuntimeConfig;
use crate::ports::OpenPort;
use crate::program::Program;
use crate::runtime::Activity;

/// Longest frame, in bytes: a file of 20 MiB as text, and more than that escaped.
const MAX_FRAME: usize = 128 * 1024 * 1024;
const HEAD: usize = 9;

/// What the server asks.
#[derive(Debug)]
pub(super) enum Request {
    Configure(Box<LocalRuntimeConfig>),
    Execute {
        id: u64,
        action: Box<Action>,
        timeout: Option<Duration>,
        wants_output: bool,
    },
    Cancel {
        id: u64,
    },
    Stop {
        id: u64,
    },
    Look {
        id: u64,
    },
    /// Starts a program, whose bytes go to and fro until it ends or is ended.
    Start {
        id: u64,
        program: Box<Program>,
    },
    /// Asks for the open ports.
    Ports {
        id: u64,
    },
    /// Connects to a port; then its bytes go to and fro like those of a program.
    Connect {
        id: u64,
        port: u16,
    },
    Input {
        id: u64,
        bytes: Vec<u8>,
    },
    /// So many bytes of output were taken and may be followed by as many.
    Taken {
        id: u64,
        count: u32,
    },
    End {
        id: u64,
    },
}

/// What the supervisor answers.
#[derive(Debug)]
pub(super) enum Reply {
    Ready,
    Failed(String),
    Output {
        id: u64,
        text: String,
    },
    Done {
        id: u64,
        observation: Box<Observation>,
    },
    Stopped {
        id: u64,
    },
    Activity {
        id: u64,
        activity: Activity,
    },
    Ports {
        id: u64,
        ports: Vec<OpenPort>,
    },
    Connected {
        id: u64,
    },
    NotConnected {
        id: u64,
        reason: String,
    },
    ProgramOutput {
        id: u64,
        bytes: Vec<u8>,
    },
    /// So many bytes of input were taken and may be followed by as many.
    InputTaken {
        id: u64,
        count: u32,
    },
    /// What a program said last on its standard error.
    ProgramErrors {
        id: u64,
        text: String,
    },
    ProgramEnded {
        id: u64,
    },
}

#[derive(Serialize, Deserialize)]
struct ExecuteHead {
    timeout: Option<Duration>,
    wants_output: bool,
}

const CONFIGURE: u8 = 1;
const EXECUTE: u8 = 2;
const CANCEL: u8 = 3;
const STOP: u8 = 4;
const LOOK: u8 = 5;
const START: u8 = 6;
const INPUT: u8 = 7;
const TAKEN: u8 = 8;
const END: u8 = 9;
const PORTS: u8 = 10;
const READY: u8 = 11;
const FAILED: u8 = 12;
const OUTPUT: u8 = 13;
const DONE: u8 = 14;
const STOPPED: u8 = 15;
const ACTIVITY: u8 = 16;
const PROGRAM_OUTPUT: u8 = 17;
const INPUT_TAKEN: u8 = 18;
const PROGRAM_ERRORS: u8 = 19;
const PROGRAM_ENDED: u8 = 20;
const CONNECT: u8 = 21;
const CONNECTED: u8 = 22;
const NOT_CONNECTED: u8 = 23;
const OPEN_PORTS: u8 = 24;

impl Request {
    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Configure(config) => frame(CONFIGURE, 0, &serde_json::to_vec(config)?),
            Self::Execute { id, action, timeout, wants_output } => {
                let head = ExecuteHead { timeout: *timeout, wants_output: *wants_output };
                let mut payload = serde_json::to_vec(&head)?;
                payload.push(b'\n');
                payload.extend(encode_body(EventBody::Action(Action::clone(action)))?.into_bytes());
                frame(EXECUTE, *id, &payload)
            }
            Self::Cancel { id } => frame(CANCEL, *id, b""),
            Self::Stop { id } => frame(STOP, *id, b""),
            Self::Look { id } => frame(LOOK, *id, b""),
            Self::Start { id, program } => frame(START, *id, &serde_json::to_vec(program)?),
            Self::Ports { id } => frame(PORTS, *id, b""),
            Self::Connect { id, port } => frame(CONNECT, *id, &port.to_le_bytes()),
            Self::Input { id, bytes } => frame(INPUT, *id, bytes),
            Self::Taken { id, count } => frame(TAKEN, *id, &count.to_le_bytes()),
            Self::End { id } => frame(END, *id, b""),
        }
    }

    /// Reads the next request; `None` means that there will be none.
    pub(super) async fn read(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let Some((kind, id, payload)) = read_frame(input).await? else { return Ok(None) };
        Ok(Some(match kind {
            CONFIGURE => Self::Configure(serde_json::from_slice(&payload)?),
            EXECUTE => {
                let at = payload.iter().position(|byte| *byte == b'\n').ok_or_else(malformed)?;
                let head: ExecuteHead = serde_json::from_slice(&payload[..at])?;
                let EventBody::Action(action) = decode_body(&payload[at + 1..])? else {
                    return Err(malformed());
                };
                let ExecuteHead { timeout, wants_output } = head;
                Self::Execute { id, action: Box::new(action), timeout, wants_output }
            }
            CANCEL => Self::Cancel { id },
            STOP => Self::Stop { id },
            LOOK => Self::Look { id },
            START => Self::Start { id, program: serde_json::from_slice(&payload)? },
            PORTS => Self::Ports { id },
            CONNECT => Self::Connect { id, port: port(&payload)? },
            INPUT => Self::Input { id, bytes: payload },
            TAKEN => Self::Taken { id, count: count(&payload)? },
            END => Self::End { id },
            _ => return Err(malformed()),
        }))
    }
}

impl Reply {
    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Ready => frame(READY, 0, b""),
            Self::Failed(reason) => frame(FAILED, 0, reason.as_bytes()),
            Self::Output { id, text } => frame(OUTPUT, *id, text.as_bytes()),
            Self::Done { id, observation } => {
                let body = EventBody::Observation(Observation::clone(observation));
                frame(DONE, *id, encode_body(body)?.as_bytes())
            }
            Self::Stopped { id } => frame(STOPPED, *id, b""),
            Self::Activity { id, activity } => frame(ACTIVITY, *id, &serde_json::to_vec(activity)?),
            Self::Ports { id, ports } => frame(OPEN_PORTS, *id, &serde_json::to_vec(ports)?),
            Self::Connected { id } => frame(CONNECTED, *id, b""),
            Self::NotConnected { id, reason } => frame(NOT_CONNECTED, *id, reason.as_bytes()),
            Self::ProgramOutput { id, bytes } => frame(PROGRAM_OUTPUT, *id, bytes),
            Self::InputTaken { id, count } => frame(INPUT_TAKEN, *id, &count.to_le_bytes()),
            Self::ProgramErrors { id, text } => frame(PROGRAM_ERRORS, *id, text.as_bytes()),
            Self::ProgramEnded { id } => frame(PROGRAM_ENDED, *id, b""),
        }
    }

    /// Reads the next reply; `None` means that there will be none.
    pub(super) async fn read(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let Some((kind, id, payload)) = read_frame(input).await? else { return Ok(None) };
        let text = |payload: Vec<u8>| String::from_utf8(payload).map_err(|_| malformed());
        Ok(Some(match kind {
            READY => Self::Ready,
            FAILED => Self::Failed(text(payload)?),
            OUTPUT => Self::Output { id, text: text(payload)? },
            DONE => {
                let EventBody::Observation(observation) = decode_body(&payload)? else {
                    return Err(malformed());
                };
                Self::Done { id, observation: Box::new(observation) }
            }
            STOPPED => Self::Stopped { id },
            ACTIVITY => Self::Activity { id, activity: serde_json::from_slice(&payload)? },
            OPEN_PORTS => Self::Ports { id, ports: serde_json::from_slice(&payload)? },
            CONNECTED => Self::Connected { id },
            NOT_CONNECTED => Self::NotConnected { id, reason: text(payload)? },
            PROGRAM_OUTPUT => Self::ProgramOutput { id, bytes: payload },
            INPUT_TAKEN => Self::InputTaken { id, count: count(&payload)? },
            PROGRAM_ERRORS => Self::ProgramErrors { id, text: text(payload)? },
            PROGRAM_ENDED => Self::ProgramEnded { id },
            _ => return Err(malformed()),
        }))
    }
}

fn frame(kind: u8, id: u64, payload: &[u8]) -> io::Result<Vec<u8>> {
    let length = HEAD + payload.len();
    if length > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too large for one message"));
    }
    let length = u32::try_from(length).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(4 + HEAD + payload.len());
    bytes.extend(length.to_le_bytes());
    bytes.push(kind);
    bytes.extend(id.to_le_bytes());
    bytes.extend(payload);
    Ok(bytes)
}

async fn read_frame(
    input: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<(u8, u64, Vec<u8>)>> {
    let length = match input.read_u32_le().await {
        Ok(length) => length as usize,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        Err(error) => return Err(error),
    };
    if !(HEAD..=MAX_FRAME).contains(&length) {
        return Err(malformed());
    }
    let kind = input.read_u8().await?;
    let id = input.read_u64_le().await?;
    let mut payload = vec![0; length - HEAD];
    input.read_exact(&mut payload).await?;
    Ok(Some((kind, id, payload)))
}

fn count(payload: &[u8]) -> io::Result<u32> {
    payload.try_into().map(u32::from_le_bytes).map_err(|_| malformed())
}

fn port(payload: &[u8]) -> io::Result<u16> {
    payload.try_into().map(u16::from_le_bytes).map_err(|_| malformed())
}

fn encode_body(body: EventBody) -> io::Result<String> {
    let draft = EventDraft {
        source: EventSource::Agent,
        cause: None,
        timeout: None,
        tool_call: None,
        llm_metrics: None,
        body,
    };
    let event = Event { id: EventId(0), timestamp: Timestamp(0), draft };
    Ok(oh_wire::encode_event(&event)?.payload)
}

fn decode_body(bytes: &[u8]) -> io::Result<EventBody> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
    let event = oh_wire::parse_event(text)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(event.draft.body)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "malformed message")
}

#[cfg(test)]
mod tests {
    use oh_event::{CommandMetadata, RunAction, RunObservation};

    use super::*;

    #[tokio::test]
    async fn a_request_and_a_reply_arrive_as_they_were_sent() {
        let action = Box::new(Action::Run(RunAction {
            command: "printf 'ä\\0'\n".to_owned(),
            cwd: Some("/x y".to_owned()),
            is_static: true,
            ..RunAction::default()
        }));
        let timeout = Some(Duration::from_millis(1500));
        let request =
            Request::Execute { id: 7, action: action.clone(), timeout, wants_output: true };
        let bytes = request.encode().unwrap();
        let read = Request::read(&mut &bytes[..]).await.unwrap();
        assert_eq!(format!("{:?}", Some(request)), format!("{read:?}"));

        let observation = Box::new(Observation::Run(RunObservation {
            content: "out\r\n\u{1b}[0m".to_owned(),
            command: "x".to_owned(),
            metadata: CommandMetadata { exit_code: 3, pid: 12, ..CommandMetadata::default() },
            hidden: true,
        }));
        let reply = Reply::Done { id: 9, observation };
        let bytes = reply.encode().unwrap();
        let read = Reply::read(&mut &bytes[..]).await.unwrap();
        assert_eq!(format!("{:?}", Some(reply)), format!("{read:?}"));
        assert!(Reply::read(&mut &b""[..]).await.unwrap().is_none());
        assert!(Reply::read(&mut &bytes[..20]).await.is_err());
    }
}
