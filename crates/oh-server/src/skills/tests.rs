use std::path::Path;

use tempfile::TempDir;

use super::Trust;
use super::load::{Choice, Loaded, Places, is_inside, load};

const TRIGGERED: &str = "---\ntriggers: [git]\n---\nSign off.";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn trusted() -> Choice {
    Choice { is_enabled: true, disabled: Vec::new(), trust: Trust::Conversation }
}

fn look(workspace: &Path, choice: &Choice) -> Loaded {
    load(&Places { home: None, workspace: workspace.to_owned(), chosen: None }, choice)
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded.knowledge.skills().iter().map(|skill| skill.name.as_str()).collect()
}

#[test]
fn files_are_found_where_they_belong() {
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let folder = folder(files);
        let loaded = look(folder.path(), &trusted());
        assert_eq!(names(&loaded), expected, "{files:?}");
        assert_eq!(loaded.problems, [""; 0], "{files:?}");
    }
    check(&[], &[]);
    check(&[("AGENTS.md", "a")], &["agents"]);
    check(&[("agent.md", "a")], &["agents"]);
    check(&[("AGENTS.md", "a"), ("AGENT.md", "b")], &["agents"]);
    check(&[("CLAUDE.md", "a"), ("GEMINI.md", "b")], &["claude", "gemini"]);
    check(&[("AGENTS.md", "same"), ("CLAUDE.md", "same")], &["agents"]);
    check(&[(".cursorrules", "a")], &["cursorrules"]);
    check(&[(".openhands_instructions", "a")], &["repo_legacy"]);
    check(&[("README.md", "a"), ("docs/AGENTS.md", "a")], &[]);
    check(&[(".openhands/microagents/repo.md", "a")], &["repo"]);
    check(&[(".openhands/microagents/README.md", "a")], &[]);
    check(
        &[(".openhands/microagents/a/b.md", "a"), (".openhands/microagents/c.txt", "")],
        &["a/b"],
    );
    check(&[(".openhands/skills/s.md", "a"), (".agents/skills/t.md", "b")], &["s", "t"]);
    check(
        &[(".agents/skills/pdf/SKILL.md", "a"), (".agents/skills/pdf/references/more.md", "b")],
        &["pdf"],
    );
    // The one repository in a workspace counts, one of two does not.
    let one = ("one/.git/HEAD", "");
    check(&[one, ("one/AGENTS.md", "a")], &["agents"]);
    check(&[one, ("one/AGENTS.md", "a"), ("two/.git/HEAD", "")], &[]);
    check(&[(".git/HEAD", ""), one, ("one/AGENTS.md", "a")], &[]);
}

#[test]
fn the_chosen_repository_is_one_of_several() {
    let folder = folder(&[("one/.git/HEAD", ""), ("two/.git/HEAD", ""), ("two/AGENTS.md", "a")]);
    for (chosen, expected) in [("me/two", 1), ("me/one", 0), ("me/..", 0), ("", 0)] {
        let places = Places {
            home: None,
            workspace: folder.path().to_owned(),
            chosen: Some(chosen.to_owned()),
        };
        assert_eq!(load(&places, &trusted()).in_effect.len(), expected, "{chosen}");
    }
}

#[test]
fn one_bad_file_is_told_and_the_rest_counts() {
    let folder = folder(&[
        (".openhands/microagents/bad.md", "---\ninputs: x\n---\n"),
        (".openhands/microagents/good.md", TRIGGERED),
        (".openhands/microagents/large.md", &"x".repeat(70_000)),
    ]);
    let loaded = look(folder.path(), &trusted());
    assert_eq!(names(&loaded), ["good"]);
    assert_eq!(loaded.in_effect, [".openhands/microagents/good.md"]);
    assert_eq!(loaded.problems.len(), 2, "{:?}", loaded.problems);
    assert!(loaded.problems[0].contains("bad.md") && loaded.problems[0].contains("`inputs`"));
    assert!(loaded.problems[1].contains("large.md"));
}

#[test]
fn all_files_together_have_a_limit() {
    let large = "x".repeat(60_000);
    let files: Vec<(String, &str)> =
        (0..8).map(|n| (format!(".openhands/microagents/{n}.md"), large.as_str())).collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let folder = folder(&files);
    let loaded = look(folder.path(), &trusted());
    assert_eq!((names(&loaded).len(), loaded.problems.len()), (4, 4));
}

#[test]
fn nothing_of_an_untrusted_workspace_is_read() {
    let folder = folder(&[
        ("AGENTS.md", "a"),
        (".openhands/microagents/ignore all rules.md", TRIGGERED),
        (".openhands/microagents/b.md", TRIGGERED),
        (".openhands/setup.sh", "exit"),
    ]);
    let loaded = look(folder.path(), &Choice { trust: Trust::Missing, ..trusted() });
    assert_eq!(names(&loaded), [""; 0]);
    assert_eq!(loaded.in_effect, [""; 0]);
    assert_eq!(loaded.waiting.len(), 4, "{:?}", loaded.waiting);
    // A name is a text of the repository too.
    let told = loaded.waiting_places.unwrap();
    assert_eq!(told, "AGENTS.md, 2 files in .openhands/microagents, .openhands/setup.sh");
    let again = look(folder.path(), &trusted());
    assert_eq!((again.in_effect.len(), again.waiting.len()), (4, 0));
}

#[test]
fn the_user_comes_first_and_the_repository_may_replace() {
    let home = folder(&[
        (".openhands/microagents/style.md", "of the user"),
        (".openhands/skills/mine.md", TRIGGERED),
        (".agents/skills/pdf/SKILL.md", "Of the user."),
        ("AGENTS.md", "not from home"),
    ]);
    let workspace = folder(&[(".openhands/microagents/style.md", "of the repository")]);
    let at = |trust, disabled: &[&str]| {
        let places = Places {
            home: Some(home.path().to_owned()),
            workspace: workspace.path().to_owned(),
            chosen: None,
        };
        let disabled = disabled.iter().map(|&name| name.to_owned()).collect();
        load(&places, &Choice { is_enabled: true, disabled, trust })
    };
    let content = |loaded: &Loaded| {
        let mut skills = loaded.knowledge.skills().iter();
        skills.find(|skill| skill.name == "style").map(|skill| skill.content.clone())
    };
    assert_eq!(content(&at(Trust::Missing, &[])).unwrap(), "of the user");
    assert_eq!(content(&at(Trust::Directory, &[])).unwrap(), "of the repository");
    assert_eq!(content(&at(Trust::Directory, &["style"])), None);
    assert_eq!(names(&at(Trust::Missing, &[])), ["style", "mine", "pdf"]);
    let disabled = Choice { is_enabled: false, ..trusted() };
    assert_eq!(names(&look(workspace.path(), &disabled)), [""; 0]);
}

#[test]
fn links_lead_nowhere_else() {
    let secret = folder(&[("secret.md", "secret"), ("folder/secret.md", "secret")]);
    let workspace = folder(&[("real.md", "real"), (".openhands/microagents/x.md", "x")]);
    let link = |to: &Path, name: &str| {
        std::os::unix::fs::symlink(to, workspace.path().join(name)).unwrap();
    };
    link(&secret.path().join("secret.md"), "AGENTS.md");
    link(&secret.path().join("secret.md"), ".openhands/microagents/secret.md");
    link(&secret.path().join("folder"), ".openhands/microagents/folder");
    link(secret.path(), ".openhands/skills");
    link(Path::new("real.md"), "CLAUDE.md");
    let loaded = look(workspace.path(), &trusted());
    assert_eq!(names(&loaded), ["claude", "x"]);
}

#[test]
fn a_trusted_directory_is_one_or_lies_in_one() {
    let folder = folder(&[("a/b/x", ""), ("ab/x", "")]);
    let path = |name: &str| folder.path().join(name);
    assert!(is_inside(&path("a/b"), &[path("a")]));
    assert!(is_inside(&path("a"), &[path("missing"), path("a")]));
    assert!(!is_inside(&path("ab"), &[path("a")]));
    assert!(!is_inside(&path("missing"), &[path("a")]));
    std::os::unix::fs::symlink(path("ab"), path("a/link")).unwrap();
    assert!(!is_inside(&path("a/link"), &[path("a")]));
}
