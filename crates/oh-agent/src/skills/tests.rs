use super::{
    Knowledge, Skill, SkillFile, SkillForm, SkillInput, SkillKind, SkillProblem, has_token,
};

fn file(name: &str, text: &str) -> SkillFile {
    SkillFile {
        name: name.to_owned(),
        path: format!(".openhands/microagents/{name}.md"),
        form: SkillForm::Markdown,
        text: text.to_owned(),
    }
}

fn skill(name: &str, text: &str) -> Skill {
    Skill::parse(file(name, text)).unwrap()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn a_trigger_is_a_whole_word() {
    fn check(text: &str, trigger: &str, expected: bool) {
        assert_eq!(has_token(&text.to_lowercase(), trigger), expected, "{trigger} in {text}");
    }
    check("push it with git", "git", true);
    check("Git!", "git", true);
    check("use GIT, please", "git", true);
    check("push it to github", "git", false);
    check("digital", "git", false);
    check("github and git", "git", true);
    check("git2", "git", false);
    check("pre-git-hook", "git", true);
    check("do /deploy now", "/deploy", true);
    check("see src/deploy", "/deploy", false);
    check("/deployment", "/deploy", false);
    check("run the tests", "run the tests", true);
    check("anything", "", false);
    check("anything", "  ", false);
    check("größe", "ö", false);
    check("用git推送", "GIT", true);
}

#[test]
fn the_kind_follows_from_the_front_matter() {
    fn check(text: &str, kind: SkillKind, triggers: &[&str], content: &str) {
        let skill = skill("a/b", text);
        assert_eq!((&skill.kind, &skill.triggers), (&kind, &words(triggers)), "{text}");
        assert_eq!(skill.content, content, "{text}");
    }
    check("no head", SkillKind::Repo, &[], "no head");
    check("", SkillKind::Repo, &[], "");
    check("---\n\n---\nbody\n", SkillKind::Repo, &[], "body");
    check("--- \r\nname: x\r\n---\r\nbody\r\n", SkillKind::Repo, &[], "body");
    check("\u{feff}---\nname: x\n---\nbody", SkillKind::Repo, &[], "body");
    check("---\na rule, never closed", SkillKind::Repo, &[], "---\na rule, never closed");
    check("---\ntriggers: []\n---\nbody", SkillKind::Repo, &[], "body");
    check("---\ntriggers:\n---\nbody", SkillKind::Repo, &[], "body");
    let list =
        "---\ntype: knowledge\nversion: 1.0\ntriggers:\n- git\n- \"pull request\"\n- ''\n---\nbody";
    check(list, SkillKind::Knowledge, &["git", "pull request"], "body");
    check("---\ntriggers: [x, y]\n---\nbody", SkillKind::Knowledge, &["x", "y"], "body");
    check("---\ntriggers: x\n---\nbody", SkillKind::Knowledge, &["x"], "body");
    let inputs = vec![
        SkillInput { name: "URL".to_owned(), description: "where to".to_owned() },
        SkillInput { name: "MODE".to_owned(), description: String::new() },
    ];
    let task = "---\ntriggers: [ship]\ninputs:\n  - name: URL\n    description: >\n      where\n      to\n  - {name: MODE}\n---\nGo there";
    let Skill { kind, triggers, .. } = skill("a/b", task);
    assert_eq!(triggers, words(&["/a/b", "ship"]));
    let SkillKind::Task { inputs: mut found } = kind else { panic!("{kind:?}") };
    found[0].description = found[0].description.trim().to_owned();
    assert_eq!(found, inputs);
    check("---\npaths: ['*.rs']\n---\nbody", SkillKind::OnDemand, &["/a/b"], "body");
}

#[test]
fn a_bad_head_is_named() {
    fn check(text: &str, expected: &str) {
        let problem = Skill::parse(file("x", text)).unwrap_err().to_string();
        assert!(problem.contains(expected), "{text}: {problem}");
    }
    check("---\ninputs: URL\n---\n", "`inputs` must be a list");
    check("---\ninputs:\n- URL\n---\n", "`inputs` must be a list");
    check("---\ninputs:\n- description: no name\n---\n", "`inputs` must be a list");
    check("---\ntriggers:\n  a: b\n---\n", "`triggers` must be a list");
    check("---\ntriggers: [[x]]\n---\n", "`triggers` must be a list");
    check("---\ntype: other\n---\n", "`type` must be");
    check("---\njust words\n---\n", "front matter");
    check("---\na: [\n---\n", "front matter");
    check("---\na: &x [1]\nb: *x\n---\n", "alias");
    check(&format!("---\na: {}\n---\n", "[".repeat(50)), "front matter");
    let long = format!("---\na: {}\n---\n", "x".repeat(20_000));
    assert_eq!(Skill::parse(file("x", &long)), Err(SkillProblem::FrontMatterTooLong));
}

#[test]
fn missing_values_are_asked_for() {
    let check = |body: &str, asks: bool| {
        assert_eq!(skill("x", body).content.contains("ask the user"), asks, "{body}");
    };
    check("Open ${URL}.", true);
    check("Open $URL or ${ URL } or ${}.", false);
    check("Open ${", false);
}

#[test]
fn files_of_other_tools_have_no_front_matter() {
    let text = "---\ntriggers: [x]\n---\nbody";
    let form = SkillForm::Instructions;
    let skill = Skill::parse(SkillFile { form, ..file("agents", text) }).unwrap();
    assert_eq!((skill.kind, skill.content.as_str()), (SkillKind::Repo, text));
}

#[test]
fn a_skill_directory_is_listed_and_not_shown() {
    let form = SkillForm::Directory;
    let text = "---\nname: pdf\ndescription: Reads PDF files.\n---\nThe long way.";
    let mut knowledge = Knowledge::default();
    knowledge.add(Skill::parse(SkillFile { form, ..file("pdf", text) }).unwrap());
    let shown = knowledge.instructions();
    assert!(shown.contains("- pdf: Reads PDF files. (.openhands/microagents/pdf.md)"), "{shown}");
    assert!(!shown.contains("The long way."), "{shown}");
    assert_eq!(knowledge.triggered("look with /pdf").len(), 1);
    assert_eq!(knowledge.triggered("look at the pdf").len(), 0);
}

#[test]
fn a_later_source_replaces_an_earlier_one() {
    let mut knowledge = Knowledge::default();
    knowledge.add(skill("style", "of the user"));
    knowledge.add(skill("other", "other"));
    knowledge.add(skill("style", "of the repository"));
    assert_eq!(knowledge.instructions(), "other\n\nof the repository");
    knowledge.disable(&words(&["other"]));
    assert_eq!(knowledge.instructions(), "of the repository");
}
