use oh_git_host::{Page, Provider, PullRequest, Repository, SuggestedTask};
use serde_json::{Value, json};

use crate::fake::{Fake, answer};

fn shown(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn request(repository: &str) -> PullRequest {
    PullRequest {
        repository: repository.to_owned(),
        source_branch: "work".to_owned(),
        target_branch: "main".to_owned(),
        title: "Mend it".to_owned(),
        body: "It was broken.".to_owned(),
        is_draft: true,
        labels: vec!["bug".to_owned()],
    }
}

const PAGE: Page = Page { number: 2, size: 30 };

#[tokio::test]
async fn github_answers_in_our_form() {
    let repository = json!({
        "id": 7, "full_name": "o/r", "private": true, "stargazers_count": 3,
        "pushed_at": "2026-01-02T03:04:05Z", "owner": {"type": "Organization"},
        "default_branch": "main",
    });
    let next = "<https://api.github.com/user/repos?page=3>; rel=\"next\"";
    let fake = Fake::start(vec![
        answer("GET /api/v3/user", &json!({"id": 1, "login": "ada", "avatar_url": "a", "name": "Ada", "company": null, "email": null})),
        answer("GET /api/v3/user/installations", &json!({"installations": [{"id": 12}]})),
        answer("GET /api/v3/user/orgs", &json!([{"login": "acme"}])),
        answer("GET /api/v3/user/repos", &json!([repository, repository])).with("link", next),
        answer("GET /api/v3/user/installations/12/repositories", &json!({"repositories": [repository]})),
        answer("GET /api/v3/search/repositories", &json!({"items": [repository]})),
        answer("GET /api/v3/repos/o/r", &repository),
        answer("GET /api/v3/repos/o/r/branches", &json!([{"name": "main", "commit": {"sha": "abc"}, "protected": true}])).with("link", next),
        answer("GET /api/v3/repos/o/r/contents/.openhands/microagents", &json!([{"type": "file", "path": ".openhands/microagents/a.md"}, {"type": "dir", "path": "x"}])),
        answer("GET /api/v3/repos/o/r/contents/a.md", &json!({"encoding": "base64", "content": "SGVs\nbG8="})),
        answer("POST /api/v3/repos/o/r/pulls", &json!({"html_url": "https://github.com/o/r/pull/5", "number": 5})).status(201),
        answer("POST /api/v3/repos/o/r/issues/5/labels", &json!([])),
        answer("GET /api/v3/repos/o/r/pulls/5", &json!({"state": "closed"})),
        answer("POST /api/graphql", &json!({"data": {
            "user": {"pullRequests": {"nodes": [
                {"number": 1, "title": "clash", "mergeable": "CONFLICTING", "repository": {"nameWithOwner": "o/r"}},
                {"number": 2, "title": "red", "mergeable": "MERGEABLE", "repository": {"nameWithOwner": "o/r"},
                 "commits": {"nodes": [{"commit": {"statusCheckRollup": {"state": "FAILURE"}}}]}, "reviews": {"nodes": []}},
                {"number": 3, "title": "said", "repository": {"nameWithOwner": "o/r"}, "reviews": {"nodes": [{"state": "COMMENTED"}]}},
                {"number": 4, "title": "fine", "repository": {"nameWithOwner": "o/r"}, "reviews": {"nodes": []}},
            ]}},
            "search": {"nodes": [{"number": 9, "title": "bug", "repository": {"nameWithOwner": "o/s"}}]},
            "repository": {"refs": {"nodes": [{"name": "fix", "target": {"oid": "abc", "committedDate": "2026-01-01T00:00:00Z"}, "branchProtectionRule": null}]}},
        }})),
    ])
    .await;
    let host = fake.host(Provider::GitHub);
    let user = json!({"id": "1", "login": "ada", "avatar_url": "a", "company": null, "name": "Ada", "email": null});
    assert_eq!(shown(host.user().await.unwrap()), user);
    assert_eq!(host.installations().await.unwrap(), ["12"]);
    let found = host.repositories("pushed", PAGE, None).await.unwrap();
    let expected = json!({
        "id": "7", "full_name": "o/r", "git_provider": "github", "is_public": false,
        "stargazers_count": 3, "link_header": next, "pushed_at": "2026-01-02T03:04:05Z",
        "owner_type": "organization", "main_branch": "main",
    });
    assert_eq!(shown(&found[0]), expected);
    assert_eq!(found[1].link_header, None);
    assert_eq!(host.repositories("pushed", PAGE, Some("12")).await.unwrap().len(), 1);
    assert_eq!(host.search("pars", 5, ("stars", "desc")).await.unwrap().len(), 1);
    assert_eq!(host.search(&format!("{}/o/r", fake.address), 5, ("", "")).await.unwrap().len(), 1);
    assert_eq!(
        host.search("https://elsewhere.example/o/r", 5, ("", "")).await.unwrap(),
        Vec::<Repository>::new()
    );
    let branches = host.branches("o/r", PAGE).await.unwrap();
    let expected = json!({
        "branches": [{"name": "main", "commit_sha": "abc", "protected": true, "last_push_date": null}],
        "has_next_page": true, "current_page": 2, "per_page": 30, "total_count": null,
    });
    assert_eq!(shown(branches), expected);
    assert_eq!(host.search_branches("o/r", "fi", 30).await.unwrap()[0].name, "fix");
    assert_eq!(
        host.files("o/r", ".openhands/microagents").await.unwrap(),
        [".openhands/microagents/a.md"]
    );
    assert_eq!(host.files("o/r", "nothing").await.unwrap(), Vec::<String>::new());
    assert_eq!(host.file("o/r", "a.md").await.unwrap(), "Hello");
    let tasks = host.suggested_tasks().await.unwrap();
    let kinds: Vec<Value> =
        tasks.iter().map(|task: &SuggestedTask| shown(task.task_type)).collect();
    assert_eq!(kinds, ["MERGE_CONFLICTS", "FAILING_CHECKS", "UNRESOLVED_COMMENTS", "OPEN_ISSUE"]);
    assert_eq!(
        host.open_pull_request(&request("o/r")).await.unwrap(),
        "https://github.com/o/r/pull/5"
    );
    assert!(!host.is_open("o/r", 5).await.unwrap());
    let seen = fake.seen();
    assert!(seen.iter().all(|seen| seen.authorization == "Bearer token-4711"));
    assert!(fake.lines().contains(&"/api/v3/user/repos?sort=pushed&page=2&per_page=30".to_owned()));
    let search = "/api/v3/search/repositories?q=pars+in%3Aname+user%3Aada+org%3Aacme&sort=stars&order=desc&page=1&per_page=5";
    assert!(fake.lines().contains(&search.to_owned()), "{:?}", fake.lines());
    let made = seen.iter().find(|seen| seen.line.ends_with("/pulls")).unwrap();
    let body = json!({"title": "Mend it", "head": "work", "base": "main", "body": "It was broken.", "draft": true});
    assert_eq!(made.body, body);
}

#[tokio::test]
async fn gitlab_answers_in_our_form() {
    let project = json!({
        "id": 7, "path_with_namespace": "g/s/r", "visibility": "public", "star_count": 3,
        "last_activity_at": "2026-01-02T03:04:05Z", "namespace": {"kind": "group"},
        "default_branch": "main",
    });
    let fake = Fake::start(vec![
        answer("GET /api/v4/user", &json!({"id": 1, "username": "ada", "avatar_url": "a", "name": "Ada", "organization": "Acme", "email": "a@b.c"})),
        answer("GET /api/v4/projects", &json!([project])),
        answer("GET /api/v4/projects/g%2Fs%2Fr", &project),
        answer("GET /api/v4/projects/g%2Fs%2Fr/repository/branches", &json!([{"name": "main", "commit": {"id": "abc", "committed_date": "2026-01-01T00:00:00Z"}, "protected": false}])).with("x-total", "41"),
        answer("GET /api/v4/projects/g%2Fs%2Fr/repository/tree", &json!([{"type": "blob", "path": "microagents/a.md"}, {"type": "tree", "path": "microagents/b"}])),
        answer("GET /api/v4/projects/g%2Fs%2Fr/repository/files/microagents%2Fa.md/raw", &json!("text")),
        answer("GET /api/v4/merge_requests", &json!([
            {"iid": 1, "title": "clash", "has_conflicts": true, "references": {"full": "g/s/r!1"}},
            {"iid": 2, "title": "red", "detailed_merge_status": "ci_must_pass", "references": {"full": "g/s/r!2"}},
            {"iid": 3, "title": "fine", "detailed_merge_status": "mergeable", "references": {"full": "g/s/r!3"}},
        ])),
        answer("GET /api/v4/issues", &json!([{"iid": 4, "title": "bug", "references": {"full": "g/s/r#4"}}])),
        answer("POST /api/v4/projects/g%2Fs%2Fr/merge_requests", &json!({"web_url": "https://gitlab.com/g/s/r/-/merge_requests/8"})),
        answer("GET /api/v4/projects/g%2Fs%2Fr/merge_requests/8", &json!({"state": "opened"})),
    ])
    .await;
    let host = fake.host(Provider::GitLab);
    let user = host.user().await.unwrap();
    assert_eq!((user.login.as_str(), user.company.as_deref()), ("ada", Some("Acme")));
    let found = host.repositories("pushed", PAGE, None).await.unwrap();
    let expected = json!({
        "id": "7", "full_name": "g/s/r", "git_provider": "gitlab", "is_public": true,
        "stargazers_count": 3, "link_header": null, "pushed_at": "2026-01-02T03:04:05Z",
        "owner_type": "organization", "main_branch": "main",
    });
    assert_eq!(shown(&found[0]), expected);
    assert_eq!(host.repository("g/s/r").await.unwrap(), found[0]);
    assert_eq!(host.branches("g/s/r", PAGE).await.unwrap().total_count, Some(41));
    assert_eq!(host.search_branches("g/s/r", "ma", 5).await.unwrap()[0].commit_sha, "abc");
    assert_eq!(host.files("g/s/r", "microagents").await.unwrap(), ["microagents/a.md"]);
    assert_eq!(host.file("g/s/r", "microagents/a.md").await.unwrap(), "\"text\"");
    let tasks = shown(host.suggested_tasks().await.unwrap());
    let expected = json!([
        {"git_provider": "gitlab", "task_type": "MERGE_CONFLICTS", "repo": "g/s/r", "issue_number": 1, "title": "clash"},
        {"git_provider": "gitlab", "task_type": "FAILING_CHECKS", "repo": "g/s/r", "issue_number": 2, "title": "red"},
        {"git_provider": "gitlab", "task_type": "OPEN_ISSUE", "repo": "g/s/r", "issue_number": 4, "title": "bug"},
    ]);
    assert_eq!(tasks, expected);
    let url = host.open_pull_request(&request("g/s/r")).await.unwrap();
    assert_eq!(url, "https://gitlab.com/g/s/r/-/merge_requests/8");
    assert!(host.is_open("g/s/r", 8).await.unwrap());
    let made = fake.seen().into_iter().find(|seen| seen.line.starts_with("POST")).unwrap();
    assert_eq!(
        (&made.body["title"], &made.body["labels"]),
        (&json!("Draft: Mend it"), &json!("bug"))
    );
    assert!(host.installations().await.is_err());
}

#[tokio::test]
async fn bitbucket_answers_in_our_form() {
    let repository = json!({
        "uuid": "{7}", "full_name": "w/r", "is_private": false, "updated_on": "2026-01-02",
        "owner": {"type": "team"}, "mainbranch": {"name": "main"},
    });
    let next = "https://api.bitbucket.org/2.0/repositories/w?page=3";
    let fake = Fake::start(vec![
        answer("GET /2.0/user", &json!({"account_id": "1", "username": "ada", "display_name": "Ada", "links": {"avatar": {"href": "a"}}})),
        answer("GET /2.0/workspaces", &json!({"values": [{"slug": "w"}]})),
        answer("GET /2.0/repositories/w", &json!({"values": [repository], "next": next})),
        answer("GET /2.0/repositories/w/r", &repository),
        answer("GET /2.0/repositories/w/r/refs/branches", &json!({"values": [{"name": "main", "target": {"hash": "abc", "date": "2026"}}], "size": 1})),
        answer("GET /2.0/repositories/w/r/src/main/microagents/", &json!({"values": [{"type": "commit_file", "path": "microagents/a.md"}]})),
        answer("GET /2.0/repositories/w/r/src/main/a.md", &json!("text")),
        answer("POST /2.0/repositories/w/r/pullrequests", &json!({"links": {"html": {"href": "https://bitbucket.org/w/r/pull-requests/8"}}})),
        answer("GET /2.0/repositories/w/r/pullrequests/8", &json!({"state": "OPEN"})),
    ])
    .await;
    let host = fake.host(Provider::Bitbucket);
    assert_eq!(host.user().await.unwrap().login, "ada");
    assert_eq!(host.installations().await.unwrap(), ["w"]);
    let found = host.repositories("pushed", PAGE, Some("w")).await.unwrap();
    let expected = json!({
        "id": "{7}", "full_name": "w/r", "git_provider": "bitbucket", "is_public": true,
        "stargazers_count": null, "link_header": format!("<{next}>; rel=\"next\""),
        "pushed_at": "2026-01-02", "owner_type": "organization", "main_branch": "main",
    });
    assert_eq!(shown(&found[0]), expected);
    assert_eq!(host.search("r\" or x", 5, ("", "")).await.unwrap().len(), 1);
    assert_eq!(host.branches("w/r", PAGE).await.unwrap().total_count, Some(1));
    assert_eq!(host.files("w/r", "microagents").await.unwrap(), ["microagents/a.md"]);
    assert_eq!(host.file("w/r", "a.md").await.unwrap(), "\"text\"");
    let url = host.open_pull_request(&request("w/r")).await.unwrap();
    assert_eq!(url, "https://bitbucket.org/w/r/pull-requests/8");
    assert!(host.is_open("w/r", 8).await.unwrap());
    let search = "/2.0/repositories/w?q=name+%7E+%22r+or+x%22&sort=-updated_on&page=1&pagelen=5";
    assert!(fake.lines().contains(&search.to_owned()), "{:?}", fake.lines());
}

#[tokio::test]
async fn forgejo_answers_in_our_form() {
    let repository = json!({"id": 7, "full_name": "o/r", "private": false, "stars_count": 3, "updated_at": "2026", "default_branch": "main"});
    let fake = Fake::start(vec![
        answer("GET /api/v1/user", &json!({"id": 1, "login": "ada", "avatar_url": "a", "full_name": "Ada", "email": "a@b.c"})),
        answer("GET /api/v1/user/repos", &json!([repository])),
        answer("GET /api/v1/repos/search", &json!({"ok": true, "data": [repository]})),
        answer("GET /api/v1/repos/o/r/branches", &json!([{"name": "main", "commit": {"id": "abc", "timestamp": "2026"}, "protected": true}, {"name": "work", "commit": {"id": "def"}}])).with("x-total-count", "2"),
        answer("GET /api/v1/repos/issues/search", &json!([{"number": 4, "title": "bug", "repository": {"full_name": "o/r"}}])),
        answer("POST /api/v1/repos/o/r/pulls", &json!({"html_url": "https://codeberg.org/o/r/pulls/5"})),
    ])
    .await;
    let host = fake.host(Provider::Forgejo);
    assert_eq!(host.user().await.unwrap().name.as_deref(), Some("Ada"));
    assert_eq!(host.repositories("pushed", PAGE, None).await.unwrap()[0].full_name, "o/r");
    assert_eq!(host.search("o/r", 5, ("", "asc")).await.unwrap().len(), 1);
    assert_eq!(host.branches("o/r", PAGE).await.unwrap().total_count, Some(2));
    assert_eq!(host.search_branches("o/r", "WOR", 5).await.unwrap()[0].commit_sha, "def");
    assert_eq!(host.suggested_tasks().await.unwrap()[0].issue_number, 4);
    let url = host.open_pull_request(&request("o/r")).await.unwrap();
    assert_eq!(url, "https://codeberg.org/o/r/pulls/5");
    assert!(fake.seen().iter().all(|seen| seen.authorization == "token token-4711"));
}
