use oh_event::{Action, ConversationId, EventDraft, EventSource, MessageAction};
use oh_event_log::{Durability, EventLog, EventLogConfig, Framing};
use tempfile::TempDir;

pub(crate) const FRAMING: Framing = Framing { prefix: "42[\"oh_event\",", suffix: "]" };

pub(crate) fn open(folder: &TempDir) -> EventLog {
    EventLog::open(EventLogConfig {
        path: folder.path().join("openhands.db"),
        durability: Durability::Fsync,
        framing: FRAMING,
    })
    .unwrap()
}

pub(crate) fn id(name: &str) -> ConversationId {
    ConversationId::parse(name).unwrap()
}

pub(crate) fn message(text: &str) -> EventDraft {
    let content = text.to_owned();
    let action = Action::Message(MessageAction { content, ..MessageAction::default() });
    EventDraft::of_action(EventSource::User, action)
}
