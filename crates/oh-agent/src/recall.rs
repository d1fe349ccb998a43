//! What the server tells the agent beside the user's messages: facts about the workspace once,
//! and knowledge when a message brings it in.

use oh_event::{
    Action, EventDraft, EventId, EventSource, MicroagentKnowledge, Observation, OpaqueJson,
    RecallAction, RecallObservation, RecallType,
};
use serde_json::Value;

use crate::conversation::Conversation;

/// A look into what is known, and what it finds.
#[derive(Debug)]
pub(crate) struct Recall {
    query: String,
    found: RecallObservation,
}

impl Conversation {
    /// Looks up the facts about the workspace, and what the first message brings in.
    pub(crate) fn workspace_recall(&self, drafts: &[EventDraft]) -> Recall {
        let config = &self.config;
        let query = message_text(drafts);
        let withheld = config.knowledge.withheld.iter();
        let instructions = std::iter::once(&config.instructions).chain(withheld);
        let instructions: Vec<&str> =
            instructions.map(String::as_str).filter(|text| !text.is_empty()).collect();
        let repository = config.repository.clone();
        let (repo_name, repo_directory, repo_branch) = repository
            .map(|repository| (repository.name, repository.directory, repository.branch))
            .unwrap_or_default();
        let found = RecallObservation {
            content: "Added workspace context".to_owned(),
            repo_name,
            repo_directory,
            repo_branch,
            repo_instructions: config.knowledge.instructions(),
            runtime_hosts: object(config.hosts.iter().map(|(host, port)| (host, *port))),
            additional_agent_instructions: instructions.join(" "),
            date: config.date.clone(),
            custom_secrets_descriptions: object(
                config.secrets.iter().map(|(name, use_for)| (name, use_for.as_str())),
            ),
            conversation_instructions: config.conversation_instructions.clone(),
            working_dir: config.workspace.clone(),
            microagent_knowledge: self.brought_in(&query),
            ..nothing(RecallType::WorkspaceContext)
        };
        Recall { query, found }
    }

    /// Looks up what a later message brings in and what is in effect since; `None` if the model
    /// knows all of it.
    pub(crate) fn knowledge_recall(&self, drafts: &[EventDraft]) -> Option<Recall> {
        let query = message_text(drafts);
        let knowledge = &self.config.knowledge;
        let is_told = |is_it: &dyn Fn(&RecallObservation) -> bool| self.recalls().any(is_it);
        let mut found = nothing(RecallType::Knowledge);
        found.microagent_knowledge = self.brought_in(&query);
        let instructions = knowledge.instructions();
        if !instructions.is_empty() && !is_told(&|known| known.repo_instructions == instructions) {
            found.repo_instructions = instructions;
        }
        if let Some(withheld) = &knowledge.withheld
            && !is_told(&|known| known.additional_agent_instructions.contains(withheld.as_str()))
        {
            found.additional_agent_instructions.clone_from(withheld);
        }
        if found == nothing(RecallType::Knowledge) {
            return None;
        }
        found.content = "Added knowledge".to_owned();
        Some(Recall { query, found })
    }

    /// Returns the two events of a recall that comes after `drafts`: the second names the first.
    pub(crate) fn at(&self, drafts: &[EventDraft], recall: Recall) -> (EventDraft, EventDraft) {
        let id = EventId(self.next_id.0 + drafts.len() as u64);
        let Recall { query, found } = recall;
        let action = RecallAction { recall_type: found.recall_type, query, thought: String::new() };
        (
            EventDraft::of_action(EventSource::User, Action::Recall(action)),
            EventDraft::of_observation(EventSource::Environment, Observation::Recall(found))
                .caused_by(id),
        )
    }

    /// Returns what a message brings in that is not in the model's view already.
    fn brought_in(&self, message: &str) -> Vec<MicroagentKnowledge> {
        let is_known = |name: &str| {
            self.recalls()
                .any(|recall| recall.microagent_knowledge.iter().any(|known| known.name == name))
        };
        self.config
            .knowledge
            .triggered(message)
            .into_iter()
            .filter(|(skill, _)| !is_known(&skill.name))
            .map(|(skill, trigger)| MicroagentKnowledge {
                name: skill.name.clone(),
                trigger: trigger.to_owned(),
                content: skill.content.clone(),
            })
            .collect()
    }

    fn recalls(&self) -> impl Iterator<Item = &RecallObservation> {
        self.history.iter().filter_map(|event| match event.observation() {
            Some(Observation::Recall(recall)) => Some(recall),
            Some(_) | None => None,
        })
    }
}

fn message_text(drafts: &[EventDraft]) -> String {
    let text = drafts.iter().find_map(|draft| match draft.action() {
        Some(Action::Message(message)) => Some(message.content.clone()),
        Some(_) | None => None,
    });
    text.unwrap_or_default()
}

fn nothing(recall_type: RecallType) -> RecallObservation {
    RecallObservation {
        content: String::new(),
        recall_type,
        repo_name: String::new(),
        repo_directory: String::new(),
        repo_branch: String::new(),
        repo_instructions: String::new(),
        runtime_hosts: OpaqueJson::empty_object(),
        additional_agent_instructions: String::new(),
        date: String::new(),
        custom_secrets_descriptions: OpaqueJson::empty_object(),
        conversation_instructions: String::new(),
        working_dir: String::new(),
        microagent_knowledge: Vec::new(),
    }
}

fn object<'a>(entries: impl Iterator<Item = (&'a String, impl Into<Value>)>) -> OpaqueJson {
    let map: serde_json::Map<_, _> =
        entries.map(|(key, value)| (key.clone(), value.into())).collect();
    OpaqueJson::from_json_text(Value::from(map).to_string())
}
