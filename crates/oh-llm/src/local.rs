//! Servers of models on this machine, found by asking at the ports where they usually are.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

/// On this machine a server answers at once or is not there.
const PATIENCE: Duration = Duration::from_millis(1000);
/// A list of models is short; more is not read.
const MAX_LIST_BYTES: usize = 256 * 1024;

/// A server of models on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalServer {
    /// What it calls itself, such as `Ollama`.
    pub name: &'static str,
    /// Its address as base URL.
    pub base_url: String,
    /// Its first model, named for [`LlmConfig::model`](crate::LlmConfig::model).
    pub model: String,
    /// All its models that can talk, named alike.
    pub models: Vec<String>,
}

/// Where a kind of server is looked for and how it is recognized.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    port: u16,
    prefix: &'static str,
    /// What it says of who owns a model; others listen at these ports too.
    owner: Option<&'static str>,
}

const KINDS: [Kind; 4] = [
    Kind { name: "Ollama", port: 11434, prefix: "ollama", owner: None },
    Kind { name: "LM Studio", port: 1234, prefix: "lm_studio", owner: Some("organization_owner") },
    Kind { name: "llama.cpp", port: 8080, prefix: "openai", owner: Some("llamacpp") },
    Kind { name: "vLLM", port: 8000, prefix: "hosted_vllm", owner: Some("vllm") },
];

/// Looks for a server that has a model, within a second. No key is sent.
pub async fn find_local_server() -> Option<LocalServer> {
    find_local_servers().await.into_iter().next()
}

/// Looks for all servers that have a model, within a second. No key is sent.
pub async fn find_local_servers() -> Vec<LocalServer> {
    find(&KINDS).await
}

async fn find(kinds: &[Kind]) -> Vec<LocalServer> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([])
        .timeout(PATIENCE);
    let Ok(client) = builder.build() else { return Vec::new() };
    let found = join_all(kinds.iter().map(|kind| ask(&client, *kind))).await;
    found.into_iter().flatten().collect()
}

async fn ask(client: &reqwest::Client, kind: Kind) -> Option<LocalServer> {
    let root = format!("http://127.0.0.1:{}", kind.port);
    let is_ollama = kind.prefix == "ollama";
    let list = if is_ollama { format!("{root}/api/tags") } else { format!("{root}/v1/models") };
    let mut response = client.get(list).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_LIST_BYTES {
            return None;
        }
    }
    let models = models(kind, &serde_json::from_slice(&bytes).ok()?)?;
    let base_url = if is_ollama { root } else { format!("{root}/v1") };
    let model = models.first()?.clone();
    Some(LocalServer { name: kind.name, base_url, model, models })
}

/// Finds the models that can talk.
fn models(kind: Kind, list: &Value) -> Option<Vec<String>> {
    let (list, name) = match kind.owner {
        None => (list.get("models")?, "name"),
        Some(_) => (list.get("data")?, "id"),
    };
    let models = list.as_array()?.iter().filter(|model| {
        kind.owner.is_none_or(|owner| model.get("owned_by").and_then(Value::as_str) == Some(owner))
    });
    let names = models.filter_map(|model| model.get(name)?.as_str());
    let talk = names.filter(|name| !name.is_empty() && !name.to_lowercase().contains("embed"));
    Some(talk.map(|name| format!("{}/{name}", kind.prefix)).collect())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use super::*;

    /// Answers one request with a list and returns the request.
    fn serve(body: &'static str) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 2048];
            let length = stream.read(&mut bytes).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            String::from_utf8_lossy(&bytes[..length]).into_owned()
        });
        (port, answer)
    }

    #[tokio::test]
    async fn a_server_is_known_by_its_list() {
        let (port, request) = serve(
            r#"{"models":[{"name":"nomic-embed-text:latest"},{"name":"qwen3:8b"},{"name":"x"}]}"#,
        );
        let ollama = Kind { port, ..KINDS[0] };
        let expected = LocalServer {
            name: "Ollama",
            base_url: format!("http://127.0.0.1:{port}"),
            model: "ollama/qwen3:8b".to_owned(),
            models: vec!["ollama/qwen3:8b".to_owned(), "ollama/x".to_owned()],
        };
        assert_eq!(find(&[ollama]).await, [expected]);
        let request = request.join().unwrap().to_lowercase();
        assert!(request.starts_with("get /api/tags "), "{request}");
        assert!(!request.contains("authorization"), "{request}");

        let (port, _) = serve(r#"{"data":[{"id":"Qwen/Qwen3","owned_by":"vllm"}]}"#);
        let vllm = find(&[Kind { port, ..KINDS[3] }]).await.remove(0);
        assert_eq!(vllm.model, "hosted_vllm/Qwen/Qwen3");
        assert_eq!(vllm.base_url, format!("http://127.0.0.1:{port}/v1"));
    }

    #[tokio::test]
    async fn what_is_no_server_of_models_is_passed_over() {
        let (other, _) = serve(r#"{"data":[{"id":"x","owned_by":"somebody"}]}"#);
        let (page, _) = serve("<html>");
        let (empty, _) = serve(r#"{"models":[]}"#);
        let kinds = [
            Kind { port: other, ..KINDS[2] },
            Kind { port: page, ..KINDS[3] },
            Kind { port: empty, ..KINDS[0] },
            Kind { port: 1, ..KINDS[1] },
        ];
        assert_eq!(find(&kinds).await, []);
    }
}
