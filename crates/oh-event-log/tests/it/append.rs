use oh_event::{EventId, ToolCallId};
use oh_event_log::{LogError, Order};
use tempfile::TempDir;

use crate::support::{id, message, open};

#[tokio::test]
async fn ids_go_on_after_a_restart() {
    let folder = TempDir::new().unwrap();
    for round in 0..3_u64 {
        let log = open(&folder);
        let (mut writer, reader) = log.open_conversation(&id("a")).await.unwrap();
        let events = writer.append(vec![message("x"), message("y")], None).await.unwrap();
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        assert_eq!(ids, [EventId(2 * round), EventId(2 * round + 1)]);
        assert_eq!(reader.events((0, u64::MAX)).await.unwrap().len() as u64, 2 * round + 2);
        assert_eq!(log.head(&id("a")).await.unwrap().unwrap().next_event_id, 2 * round + 2);
    }
}

#[tokio::test]
async fn a_second_writer_ends_the_first() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let (mut first, _) = log.open_conversation(&id("a")).await.unwrap();
    first.append(vec![message("one")], None).await.unwrap();
    let (mut second, reader) = log.open_conversation(&id("a")).await.unwrap();
    let error = first.append(vec![message("lost")], None).await.unwrap_err();
    assert!(matches!(error, LogError::Superseded(_)), "{error}");
    second.append(vec![message("two")], None).await.unwrap();
    assert_eq!(reader.events((0, u64::MAX)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_receipt_is_found_after_a_restart() {
    let folder = TempDir::new().unwrap();
    {
        let (mut writer, _) = open(&folder).open_conversation(&id("a")).await.unwrap();
        assert_eq!(writer.receipt("mine").await.unwrap(), None);
        writer.append(vec![message("x")], None).await.unwrap();
        writer.append(vec![message("y"), message("z")], Some("mine".into())).await.unwrap();
    }
    let log = open(&folder);
    let (writer, _) = log.open_conversation(&id("a")).await.unwrap();
    assert_eq!(writer.receipt("mine").await.unwrap(), Some(EventId(1)));
    let (other, _) = log.open_conversation(&id("b")).await.unwrap();
    assert_eq!(other.receipt("mine").await.unwrap(), None);
}

#[tokio::test]
async fn a_deleted_conversation_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let (mut writer, reader) = log.open_conversation(&id("a")).await.unwrap();
    writer.append(vec![message("x")], Some("mine".into())).await.unwrap();
    drop(writer);
    log.delete(&id("a")).await.unwrap();
    assert_eq!(log.head(&id("a")).await.unwrap(), None);
    assert!(log.page(&id("a"), (0, u64::MAX), Order::Ascending, 10).await.unwrap().is_empty());
    assert!(reader.events((0, u64::MAX)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_secret_is_masked_everywhere_in_the_event() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let (mut writer, reader) = log.open_conversation(&id("a")).await.unwrap();
    writer.add_secrets(["s3cr\"et-value".to_owned(), "short".to_owned()]);
    let mut draft = message("the key is s3cr\"et-value, a short one");
    if let oh_event::EventBody::Action(oh_event::Action::Message(message)) = &mut draft.body {
        message.image_urls = Some(vec!["http://x/?s3cr\"et-value".to_owned()]);
    }
    draft.tool_call = Some(Box::new(oh_event::ToolCallMetadata {
        function_name: "f".to_owned(),
        tool_call_id: ToolCallId("c".to_owned()),
        model_response: oh_event::ModelResponse {
            id: String::new(),
            created: 0,
            model: String::new(),
            finish_reason: String::new(),
            content: Some("s3cr\"et-value".to_owned()),
            tool_calls: vec![oh_event::ToolCallRecord {
                id: ToolCallId("c".to_owned()),
                name: "f".to_owned(),
                arguments: r#"{"a":"s3cr\"et-value"}"#.to_owned(),
            }],
            reasoning: None,
            reasoning_state: None,
            prompt_tokens: 0,
            completion_tokens: 0,
            recorded: None,
        },
        total_calls_in_response: 1,
    }));
    let events = writer.append(vec![draft], None).await.unwrap();
    let entries = log.page(&id("a"), (0, 1), Order::Ascending, 1).await.unwrap();
    let stored = String::from_utf8(entries[0].payload().to_vec()).unwrap();
    assert!(!stored.contains("et-value"), "{stored}");
    assert!(!format!("{events:?}").contains("et-value"), "{events:?}");
    assert_eq!(stored.matches("<secret_hidden>, a short one").count(), 2, "{stored}");
    assert_eq!(reader.events((0, 1)).await.unwrap(), events);
}

#[tokio::test]
async fn a_page_can_be_read_from_both_ends() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let (mut writer, _) = log.open_conversation(&id("a")).await.unwrap();
    writer.append((0..10).map(|n| message(&n.to_string())).collect(), None).await.unwrap();
    let read = async |range, order, limit| -> Vec<u64> {
        let page = log.page(&id("a"), range, order, limit).await.unwrap();
        page.iter().map(|entry| entry.id().0).collect()
    };
    assert_eq!(read((0, u64::MAX), Order::Ascending, 3).await, [0, 1, 2]);
    assert_eq!(read((4, 6), Order::Ascending, 10).await, [4, 5]);
    assert_eq!(read((0, 9), Order::Descending, 2).await, [8, 7]);
}

#[tokio::test]
async fn readers_hear_that_the_writer_is_gone_after_the_last_event() {
    let folder = TempDir::new().unwrap();
    let log = open(&folder);
    let (mut writer, reader) = log.open_conversation(&id("a")).await.unwrap();
    let mut stream = reader.stream_from(0);
    writer.append(vec![message("last")], None).await.unwrap();
    drop(writer);
    assert_eq!(stream.next_batch(1000).await.unwrap().len(), 1);
    assert!(matches!(stream.next_batch(1000).await, Err(LogError::Closed)));
}
