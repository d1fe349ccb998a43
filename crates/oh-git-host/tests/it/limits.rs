use oh_git_host::{GitAddress, GitHost, GitHostError, Provider};
use serde_json::json;

use crate::fake::{Fake, answer};

#[tokio::test]
async fn a_token_does_not_follow_a_redirect_to_another_origin() {
    let other = Fake::start(vec![answer("GET /api/v3/user", &json!({"id": 1}))]).await;
    let to_other = format!("{}/api/v3/user", other.address);
    let fake = Fake::start(vec![
        answer("GET /api/v3/user", &json!({})).status(302).with("location", to_other),
        answer("GET /api/v3/repos/old/name", &json!({}))
            .status(301)
            .with("location", "/api/v3/repositories/7"),
        answer("GET /api/v3/repositories/7", &json!({"id": 7, "full_name": "new/name"})),
    ])
    .await;
    let host = fake.host(Provider::GitHub);
    let refused = host.user().await.unwrap_err();
    assert!(matches!(refused, GitHostError::Answer { status: 302, .. }), "{refused:?}");
    assert!(other.seen().is_empty());
    // One that was renamed is found on the same host.
    assert_eq!(host.repository("old/name").await.unwrap().full_name, "new/name");
}

#[tokio::test]
async fn what_a_service_refuses_is_told_apart() {
    let message = json!({"message": "Validation Failed"});
    let fake = Fake::start(vec![
        answer("GET /api/v3/user", &json!({})).status(401),
        answer("GET /api/v3/user/repos", &json!({})).status(403).with("x-ratelimit-remaining", "0"),
        answer("GET /api/v3/repos/a/b", &message).status(422),
        answer("GET /api/v3/repos/a/c", &json!("x".repeat(9 * 1024 * 1024))),
    ])
    .await;
    let host = fake.host(Provider::GitHub);
    let page = oh_git_host::Page { number: 1, size: 30 };
    let check = |error: GitHostError, words: &str| {
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains("token-4711"), "{text}");
    };
    check(host.user().await.unwrap_err(), "does not accept the token");
    check(host.repositories("pushed", page, None).await.unwrap_err(), "too many requests");
    check(host.repository("a/b").await.unwrap_err(), "422: Validation Failed");
    check(host.repository("a/c").await.unwrap_err(), "too long");
    check(host.repository("a/missing").await.unwrap_err(), "does not know");
    for name in ["alone", "a/..", "a/b?c", "-a/b", "a//b", "a/b c"] {
        check(host.repository(name).await.unwrap_err(), "write it as owner/name");
    }
}

#[test]
fn a_host_is_reached_over_tls_or_is_this_machine() {
    let address = |host| {
        GitAddress::new(Provider::GitLab, host).map(|address| address.web_address().to_owned())
    };
    assert_eq!(address(None).unwrap(), "https://gitlab.com");
    assert_eq!(address(Some(" git.example ")).unwrap(), "https://git.example");
    assert_eq!(address(Some("https://git.example/sub/")).unwrap(), "https://git.example/sub");
    assert_eq!(address(Some("http://localhost:3000")).unwrap(), "http://localhost:3000");
    for host in ["http://git.example", "ftp://git.example", "https://u:p@git.example", "a b", "x?y"]
    {
        assert!(address(Some(host)).is_err(), "{host}");
    }
    let github = GitAddress::new(Provider::GitHub, None).unwrap();
    assert_eq!(github.clone_url("o/r").unwrap(), "https://github.com/o/r.git");
    let shown = format!("{:?}", GitHost::new(github, "token-4711").unwrap());
    assert!(!shown.contains("token-4711"), "{shown}");
}
