//! What files of the user and of repositories tell the agent: instructions that are always in
//! effect, and knowledge that words of a message bring in.

mod front_matter;
mod parse;
#[cfg(test)]
mod tests;

/// A file that tells the agent something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    /// Name; a later skill replaces an earlier one of the same name.
    pub name: String,
    /// Where the file is, as people and the model know it.
    pub path: String,
    /// When it counts.
    pub kind: SkillKind,
    /// What it is good for, in a line.
    pub description: String,
    /// Words that bring it in.
    pub triggers: Vec<String>,
    /// What the model reads.
    pub content: String,
}

/// When a [`Skill`] counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkillKind {
    /// Always.
    Repo,
    /// When a message has one of its triggers.
    Knowledge,
    /// When a message calls it by `/name`; it needs values.
    Task {
        /// The values.
        inputs: Vec<SkillInput>,
    },
    /// When the model finds that it fits and reads it, or a message calls it by `/name`.
    OnDemand,
}

/// A value that a task needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillInput {
    /// Name, as in `${name}`.
    pub name: String,
    /// What it means.
    pub description: String,
}

/// A file that may be a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillFile {
    /// The name of the skill.
    pub name: String,
    /// Where the file is, as people and the model know it.
    pub path: String,
    /// What is to be expected in it.
    pub form: SkillForm,
    /// What is in it.
    pub text: String,
}

/// What is to be expected in a [`SkillFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkillForm {
    /// Instructions as they are, such as `AGENTS.md`.
    Instructions,
    /// Markdown, with front matter or without.
    Markdown,
    /// The `SKILL.md` of a directory.
    Directory,
}

/// Why a file is no skill.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SkillProblem {
    /// The front matter cannot be read.
    #[error("the front matter cannot be read: {0}")]
    FrontMatter(String),
    /// The front matter goes on and on.
    #[error("the front matter has more than 16 KiB")]
    FrontMatterTooLong,
    /// A value is of the wrong kind.
    #[error("`{key}` must be {expected}")]
    Value {
        /// Its key.
        key: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

/// All that the agent can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Knowledge {
    skills: Vec<Skill>,
    pub(crate) withheld: Option<String>,
}

impl Knowledge {
    /// Adds a skill, in place of one of the same name.
    pub fn add(&mut self, skill: Skill) {
        self.skills.retain(|known| known.name != skill.name);
        self.skills.push(skill);
    }

    /// Says what is there but not in effect because its repository is not trusted; in words of
    /// our own, never in those of the repository.
    pub fn withhold(&mut self, what: String) {
        self.withheld = Some(what);
    }

    /// Takes away what has one of these names.
    pub fn disable(&mut self, names: &[String]) {
        self.skills.retain(|skill| !names.contains(&skill.name));
    }

    /// Returns the skills, in the order of their sources.
    #[must_use]
    pub fn skills(&self) -> &[Skill] {
        &self.skills
    }

    /// Returns what is always in effect, and what there is to read besides.
    pub(crate) fn instructions(&self) -> String {
        let bodies = self.skills.iter().filter(|skill| skill.kind == SkillKind::Repo);
        let mut parts: Vec<String> =
            bodies.map(|skill| skill.content.clone()).filter(|body| !body.is_empty()).collect();
        let list = self.skills.iter().filter(|skill| skill.kind == SkillKind::OnDemand);
        let list: Vec<String> = list
            .map(|Skill { name, description, path, .. }| {
                format!("- {name}: {description} ({path})")
            })
            .collect();
        if !list.is_empty() {
            parts.push(format!(
                "Skills; read the file of one before you do what it is for:\n{}",
                list.join("\n")
            ));
        }
        parts.join("\n\n")
    }

    /// Returns what a message brings in, each with the trigger that did it.
    pub(crate) fn triggered(&self, message: &str) -> Vec<(&Skill, &str)> {
        let message = message.to_lowercase();
        let hit = |skill: &'_ Skill| {
            skill.triggers.iter().position(|trigger| has_token(&message, trigger))
        };
        let found = self.skills.iter().filter_map(|skill| Some((skill, hit(skill)?)));
        found.map(|(skill, place)| (skill, skill.triggers[place].as_str())).collect()
    }
}

/// Says whether a text in lower case has a trigger that is not a part of a longer word.
fn has_token(text: &str, trigger: &str) -> bool {
    let trigger = trigger.trim().to_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric();
    !trigger.is_empty()
        && text.match_indices(&trigger).any(|(start, found)| {
            let (before, after) = (&text[..start], &text[start + found.len()..]);
            !before.ends_with(is_word) && !after.starts_with(is_word)
        })
}
