use std::sync::Arc;

use oh_agent::{AgentConfig, Knowledge, Skill, SkillFile, SkillForm};
use oh_chat::ChatMessage;
use oh_event::{MicroagentKnowledge, Observation, RecallObservation};

use crate::support::{Harness, RUN, message};

fn skill(name: &str, text: &str) -> Skill {
    let file = SkillFile {
        name: name.to_owned(),
        path: format!("{name}.md"),
        form: SkillForm::Markdown,
        text: text.to_owned(),
    };
    Skill::parse(file).unwrap()
}

fn knowledge(skills: &[(&str, &str)]) -> Arc<Knowledge> {
    let mut knowledge = Knowledge::default();
    for (name, text) in skills {
        knowledge.add(skill(name, text));
    }
    Arc::new(knowledge)
}

fn git() -> Arc<Knowledge> {
    knowledge(&[
        ("git", "---\ntriggers: [git]\n---\nSign off."),
        ("rust", "---\ntriggers: [rust, cargo]\n---\nUse clippy."),
    ])
}

fn with(knowledge: Arc<Knowledge>) -> AgentConfig {
    AgentConfig { knowledge, ..AgentConfig::default() }
}

fn last_recall(harness: &Harness) -> &RecallObservation {
    let recalls = harness.log.iter().rev().filter_map(|event| match event.observation() {
        Some(Observation::Recall(recall)) => Some(recall),
        Some(_) | None => None,
    });
    recalls.into_iter().next().unwrap()
}

fn brought(name: &str, trigger: &str, content: &str) -> MicroagentKnowledge {
    MicroagentKnowledge {
        name: name.to_owned(),
        trigger: trigger.to_owned(),
        content: content.to_owned(),
    }
}

/// What the user's side says to the model, all of it.
fn told(harness: &Harness) -> String {
    let texts = harness.conversation.completion_request().messages.into_iter();
    let texts = texts.filter_map(|message| match message {
        ChatMessage::User { text, .. } => Some(text),
        ChatMessage::System { .. }
        | ChatMessage::Assistant { .. }
        | ChatMessage::ToolResult { .. } => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn words_bring_in_what_the_model_does_not_know_yet() {
    let mut harness = Harness::of(with(git()));
    harness.open_with(message("push to Git"));
    assert_eq!(last_recall(&harness).microagent_knowledge, [brought("git", "git", "Sign off.")]);
    assert_eq!(harness.say("once more with git"), ["U message"]);
    assert_eq!(harness.say("and GitHub, and rusty"), ["U message"]);
    let first = harness.log.len();
    assert_eq!(
        harness.say("build it with cargo and git"),
        ["U message".to_owned(), "U recall".to_owned(), format!("E :recall <{}", first + 1)]
    );
    let recall = last_recall(&harness);
    assert_eq!(recall.microagent_knowledge, [brought("rust", "cargo", "Use clippy.")]);
    assert_eq!(recall.working_dir, "");
    let told = told(&harness);
    assert_eq!(told.matches("Sign off.").count(), 1, "{told}");
    assert_eq!(told.matches("Use clippy.").count(), 1, "{told}");
    assert!(told.contains("the message has \"cargo\""), "{told}");
}

#[test]
fn knowledge_comes_while_a_command_runs_and_breaks_no_call() {
    let mut harness = Harness::of(with(git()));
    harness.open_with(message("go"));
    harness.answer(&[RUN]);
    let first = harness.log.len();
    assert_eq!(
        harness.say("use cargo"),
        ["U message".to_owned(), "U recall".to_owned(), format!("E :recall <{}", first + 1)]
    );
    harness.ran("done");
    let messages = harness.conversation.completion_request().messages;
    let call = messages
        .iter()
        .position(|message| matches!(message, ChatMessage::Assistant { .. }))
        .unwrap();
    assert!(matches!(messages[call + 1], ChatMessage::ToolResult { .. }), "{messages:?}");
    assert!(told(&harness).contains("Use clippy."));
}

#[test]
fn instructions_are_told_once_and_again_when_they_change() {
    let mut harness = Harness::of(with(knowledge(&[("agents", "Be brief.")])));
    harness.open_with(message("go"));
    assert_eq!(last_recall(&harness).repo_instructions, "Be brief.");
    assert_eq!(harness.say("on"), ["U message"]);
    harness.conversation.learn(knowledge(&[("agents", "Be long.")]));
    assert_eq!(harness.say("on").len(), 3);
    assert_eq!(last_recall(&harness).repo_instructions, "Be long.");
    assert_eq!(harness.say("on"), ["U message"]);
    harness.conversation.learn(Arc::default());
    assert_eq!(harness.say("on"), ["U message"]);
}

#[test]
fn what_is_withheld_is_said_until_it_is_in_effect() {
    let note = "AGENTS.md is not in effect.".to_owned();
    let mut withheld = Knowledge::default();
    withheld.withhold(note.clone());
    let config =
        AgentConfig { instructions: "A sandbox.".to_owned(), ..with(Arc::new(withheld.clone())) };
    let mut harness = Harness::of(config);
    harness.open_with(message("go"));
    let told = last_recall(&harness).additional_agent_instructions.clone();
    assert_eq!(told, format!("A sandbox. {note}"));
    assert_eq!(harness.say("on"), ["U message"]);
    harness.conversation.learn(knowledge(&[("agents", "Be brief.")]));
    assert_eq!(harness.say("on").len(), 3);
    let recall = last_recall(&harness);
    assert_eq!(recall.repo_instructions, "Be brief.");
    assert_eq!(recall.additional_agent_instructions, "");

    let mut later = Harness::started();
    later.conversation.learn(Arc::new(withheld));
    assert_eq!(later.say("on").len(), 3);
    assert_eq!(last_recall(&later).additional_agent_instructions, note);
}

#[test]
fn a_long_instruction_hides_nothing_else() {
    let long = "x".repeat(1000);
    let config = AgentConfig {
        max_message_chars: 100,
        ..with(knowledge(&[("long", &long), ("git", "---\ntriggers: [git]\n---\nSign off.")]))
    };
    let mut harness = Harness::of(config);
    harness.open_with(message("git"));
    let told = told(&harness);
    assert!(!told.contains(&long) && told.contains("Sign off."), "{told}");
    assert!(told.contains("Working directory: /workspace"), "{told}");
}

#[test]
fn secrets_are_named_and_without_extensions_nothing_is_told() {
    let secrets = vec![("NPM_TOKEN".to_owned(), "publishing".to_owned())];
    let config = AgentConfig { secrets, ..with(git()) };
    let silent = AgentConfig { has_prompt_extensions: false, ..config.clone() };
    let mut harness = Harness::of(config);
    harness.open_with(message("git"));
    assert!(told(&harness).contains("$NPM_TOKEN: publishing"), "{}", told(&harness));
    let mut harness = Harness::of(silent);
    harness.open_with(message("git"));
    assert_eq!(told(&harness), "git");
}
