//! Requests to one service.

use std::time::Duration;

use base64::Engine as _;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use url::Url;

use crate::answer::items;
use crate::{Branch, BranchPage, GitHostError, Page, Provider};

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a request may take.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// Largest answer, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
const MAX_REDIRECTS: usize = 3;
/// Longest text of a service that is passed on in an error.
const MAX_MESSAGE: usize = 300;
/// Most items of a page that services give.
pub(crate) const MAX_PAGE: u32 = 100;

/// The interface of a service, and who asks.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) provider: Provider,
    http: reqwest::Client,
    base: Url,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) json: Value,
    /// The header that names other pages.
    pub(crate) link: Option<String>,
    /// How many items there are on all pages.
    pub(crate) total: Option<u64>,
}

impl Answer {
    pub(crate) fn has_next(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.contains("rel=\"next\""))
    }

    /// Returns a page of branches, each read from an item of the answer.
    pub(crate) fn branches(&self, page: Page, read: fn(&Value) -> Option<Branch>) -> BranchPage {
        BranchPage {
            branches: items(&self.json, "").filter_map(read).collect(),
            has_next_page: self.has_next(),
            current_page: page.number,
            per_page: page.size,
            total_count: self.total,
        }
    }
}

impl Api {
    pub(crate) fn new(provider: Provider, base: Url, token: &str) -> Result<Self, GitHostError> {
        // Somebody may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if !token.is_empty() {
            let credentials = match token.contains(':') {
                // A user's name and an app password.
                true => {
                    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(token))
                }
                false => format!("{} {token}", provider.scheme()),
            };
            let mut value = HeaderValue::from_str(&credentials)
                .map_err(|_| GitHostError::Refused { provider })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let same_origin = Policy::custom(|attempt| {
            let first = attempt.previous().first().map(Url::origin);
            if first == Some(attempt.url().origin()) && attempt.previous().len() <= MAX_REDIRECTS {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        let http = reqwest::Client::builder()
            .user_agent("openhands")
            .default_headers(headers)
            .connect_timeout(CONNECT_LIMIT)
            .timeout(TIME_LIMIT)
            .redirect(same_origin)
            .build()
            .map_err(|source| GitHostError::Unreachable { provider, source })?;
        Ok(Self { provider, http, base })
    }

    /// Asks for what is at a path, whose parts may have any characters.
    pub(crate) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer, GitHostError> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.json(self.http.request(Method::GET, url), path).await
    }

    /// Asks for a part of a list; `names` are those of its number and its size.
    pub(crate) async fn page(
        &self,
        path: &[&str],
        names: (&str, &str),
        page: Page,
        query: &[(&str, &str)],
    ) -> Result<Answer, GitHostError> {
        let (number, size) =
            (page.number.max(1).to_string(), page.size.clamp(1, MAX_PAGE).to_string());
        let mut query = query.to_vec();
        query.extend([(names.0, number.as_str()), (names.1, size.as_str())]);
        self.get(path, &query).await
    }

    /// Asks for a file.
    pub(crate) async fn text(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<String, GitHostError> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let response = self.send(self.http.request(Method::GET, url), path).await?;
        let bytes = self.read(response).await?;
        String::from_utf8(bytes).map_err(|_| self.malformed("the file is not text"))
    }

    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, GitHostError> {
        let request = self.http.request(Method::POST, self.url(path)).json(body);
        Ok(self.json(request, path).await?.json)
    }

    /// Sends a query to an address beside the interface.
    pub(crate) async fn query(&self, url: Url, body: &Value) -> Result<Value, GitHostError> {
        let request = self.http.request(Method::POST, url).json(body);
        let json = self.json(request, &["graphql"]).await?.json;
        match json.pointer("/errors/0/message").and_then(Value::as_str) {
            Some(message) if json.get("data").is_none_or(Value::is_null) => {
                Err(GitHostError::Answer {
                    provider: self.provider,
                    status: 200,
                    message: short(message),
                })
            }
            Some(_) | None => Ok(json),
        }
    }

    pub(crate) fn malformed(&self, problem: &'static str) -> GitHostError {
        GitHostError::Malformed { provider: self.provider, problem }
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // An address without a path of its own has none to extend; ours are checked before.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn json(&self, request: RequestBuilder, path: &[&str]) -> Result<Answer, GitHostError> {
        let response = self.send(request, path).await?;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let link = header("link");
        let total =
            ["x-total", "x-total-count"].into_iter().find_map(|name| header(name)?.parse().ok());
        let bytes = self.read(response).await?;
        let json = serde_json::from_slice(&bytes);
        let json = json.map_err(|_| self.malformed("the answer is not JSON"))?;
        Ok(Answer { json, link, total })
    }

    async fn send(&self, request: RequestBuilder, path: &[&str]) -> Result<Response, GitHostError> {
        let provider = self.provider;
        let response = request.send().await.map_err(|source| GitHostError::Unreachable {
            provider,
            source: source.without_url(),
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let is_used_up =
            response.headers().get("x-ratelimit-remaining").is_some_and(|left| left == "0");
        let bytes = self.read(response).await.unwrap_or_default();
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS => GitHostError::RateLimited { provider },
            StatusCode::FORBIDDEN if is_used_up => GitHostError::RateLimited { provider },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => GitHostError::Refused { provider },
            StatusCode::NOT_FOUND => GitHostError::Missing { provider, what: path.join("/") },
            _ => GitHostError::Answer {
                provider,
                status: status.as_u16(),
                message: message_of(&bytes),
            },
        })
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, GitHostError> {
        let provider = self.provider;
        let mut bytes = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|source| GitHostError::Unreachable {
                provider,
                source: source.without_url(),
            })?;
            let Some(chunk) = chunk else { return Ok(bytes) };
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(self.malformed("the answer is too long"));
            }
            bytes.extend_from_slice(&chunk);
        }
    }
}

/// Services say what is wrong in one of these places.
fn message_of(bytes: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<Value>(bytes) else { return "no reason".to_owned() };
    let found = ["/errors/0/message", "/error/message", "/message", "/message/0", "/error"]
        .into_iter()
        .find_map(|at| json.pointer(at).and_then(Value::as_str));
    found.map_or_else(|| "no reason".to_owned(), short)
}

fn short(text: &str) -> String {
    text.chars().take(MAX_MESSAGE).collect()
}
