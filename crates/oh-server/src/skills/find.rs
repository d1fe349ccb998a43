//! Which files tell the agent something, by their names alone.

use oh_runtime::{WalkLimits, Workspace};
use oh_session::SkillForm;

/// Folders are looked at this far.
const WALK: WalkLimits = WalkLimits { depth: 4, entries: 2000 };
const MICROAGENTS: &str = ".openhands/microagents";
/// Folders whose `SKILL.md` files each stand for a folder of their own.
const SKILL_FOLDERS: [&str; 2] = [".openhands/skills", ".agents/skills"];
const SKILL: &str = "SKILL.md";

/// Files in the root of a repository, each with the name of the skill; of those with the same
/// name the first that is there counts.
const ROOT_FILES: [(&str, &str); 8] = [
    (".openhands_instructions", "repo_legacy"),
    (".cursorrules", "cursorrules"),
    ("AGENTS.md", "agents"),
    ("agents.md", "agents"),
    ("AGENT.md", "agents"),
    ("agent.md", "agents"),
    ("CLAUDE.md", "claude"),
    ("GEMINI.md", "gemini"),
];

const SETUP: &str = ".openhands/setup.sh";
const PRE_COMMIT: &str = ".openhands/pre-commit.sh";
/// Programs of a repository.
const SCRIPTS: [&str; 2] = [SETUP, PRE_COMMIT];

/// A file that tells the agent something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The name of the skill.
    pub(super) name: String,
    /// Where it is, from the workspace or the user's home on.
    pub(super) path: String,
    pub(super) form: SkillForm,
    /// A name for it in words of our own: the file, or the folder that it is in.
    pub(super) place: &'static str,
}

/// Returns the folders of a workspace that are looked at as repositories: itself, and the one
/// repository in it, or the one that was chosen.
pub(super) fn roots(workspace: &Workspace, chosen: Option<&str>) -> Vec<String> {
    let chosen = chosen
        .and_then(|repository| repository.rsplit('/').next())
        .map(|name| name.trim_end_matches(".git"))
        .filter(|name| {
            let git = format!("{name}/.git");
            workspace.has_file(&git) || workspace.has_file(&format!("{git}/HEAD"))
        })
        .map(str::to_owned);
    let inner = chosen.or_else(|| workspace.only_repository(WALK));
    std::iter::once(String::new()).chain(inner.map(|name| format!("{name}/"))).collect()
}

/// Returns what a repository has to say, later ones over earlier ones of the same name.
pub(super) fn in_repository(workspace: &Workspace, root: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (file, name) in ROOT_FILES {
        let path = format!("{root}{file}");
        if found.iter().all(|known| known.name != name) && workspace.has_file(&path) {
            let form = SkillForm::Instructions;
            found.push(Found { name: name.to_owned(), path, form, place: file });
        }
    }
    found.extend(in_folders(workspace, root));
    found
}

/// Returns what the folders for skills have.
pub(super) fn in_folders(workspace: &Workspace, root: &str) -> Vec<Found> {
    let mut found = microagents(workspace, root);
    for folder in SKILL_FOLDERS {
        found.extend(skills(workspace, root, folder));
    }
    found
}

/// Returns the programs of a repository.
pub(super) fn scripts(workspace: &Workspace, root: &str) -> Vec<Found> {
    SCRIPTS
        .iter()
        .map(|&place| Found {
            name: place.to_owned(),
            path: format!("{root}{place}"),
            form: SkillForm::Instructions,
            place,
        })
        .filter(|script| workspace.has_file(&script.path))
        .collect()
}

pub(super) fn has_setup(workspace: &Workspace, root: &str) -> bool {
    workspace.has_file(&format!("{root}{SETUP}"))
}

pub(super) fn has_pre_commit(workspace: &Workspace, root: &str) -> bool {
    workspace.has_file(&format!("{root}{PRE_COMMIT}"))
}

fn microagents(workspace: &Workspace, root: &str) -> Vec<Found> {
    let folder = format!("{root}{MICROAGENTS}");
    markdown(workspace, &folder)
        .map(|path| Found {
            name: name_of(&path, &folder),
            path,
            form: SkillForm::Markdown,
            place: MICROAGENTS,
        })
        .collect()
}

fn skills(workspace: &Workspace, root: &str, place: &'static str) -> Vec<Found> {
    let folder = format!("{root}{place}");
    let files: Vec<String> = markdown(workspace, &folder).collect();
    let own_folders: Vec<String> = files
        .iter()
        .filter_map(|path| path.strip_suffix(SKILL).filter(|folder| folder.ends_with('/')))
        .map(str::to_owned)
        .collect();
    files
        .into_iter()
        .filter_map(|path| {
            let own = own_folders.iter().find(|own| path.starts_with(own.as_str()));
            match own {
                // The rest of the folder is for whoever reads its SKILL.md.
                Some(own) if path != format!("{own}{SKILL}") => None,
                Some(own) => Some(Found {
                    name: name_of(own.trim_end_matches('/'), &folder),
                    form: SkillForm::Directory,
                    path,
                    place,
                }),
                None => Some(Found {
                    name: name_of(&path, &folder),
                    form: SkillForm::Markdown,
                    path,
                    place,
                }),
            }
        })
        .collect()
}

fn markdown(workspace: &Workspace, folder: &str) -> impl Iterator<Item = String> {
    let is_readme = |path: &str| {
        path.rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case("readme.md"))
    };
    let files = workspace.files_below(folder, WALK).into_iter();
    files.filter(move |path| path.ends_with(".md") && !is_readme(path))
}

/// The path below the folder, without `.md`.
fn name_of(path: &str, folder: &str) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
    below.strip_suffix(".md").unwrap_or(below).to_owned()
}
