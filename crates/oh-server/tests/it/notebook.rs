//! An agent with a Python notebook, in a real sandbox.

use std::sync::Arc;

use oh_llm::LlmClient;
use oh_server::Components;
use oh_testkit::{Answer, ScriptedLlm, call, text, tool_calls};
use serde_json::{Value, json};

use crate::support::{TestServer, WHOLE_MACHINE, state_is};

/// One pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn cell(id: &str, code: &str) -> Answer {
    let arguments = json!({"code": code, "security_risk": "LOW"}).to_string();
    tool_calls("", vec![call(id, "execute_ipython_cell", &arguments)])
}

async fn start(model: &Arc<ScriptedLlm>, variables: &[(&str, &str)]) -> TestServer {
    let llm: Arc<dyn LlmClient> = model.clone();
    let components = Components { llm: Some(llm), ..Components::default() };
    TestServer::start_with(components, variables).await
}

/// Lets the agent work until it has nothing more to do.
async fn events(server: &TestServer, conversation: &str) -> Vec<Value> {
    let mut socket = server.joined(conversation, -1).await;
    server.say(conversation, "Compute").await;
    let mut events = Vec::new();
    // The first time is before the message.
    while !events
        .iter()
        .any(|event: &Value| event["action"] == "message" && event["source"] == "agent")
    {
        events.extend(socket.events_until(state_is("awaiting_user_input")).await);
    }
    events
}

#[tokio::test]
async fn an_agent_computes_in_its_notebook_and_sees_its_pictures() {
    let _machine = WHOLE_MACHINE.lock().await;
    let picture = format!(
        "import base64\nclass Picture:\n    def __repr__(self): return str(x)\n    def _repr_png_(self): return base64.b64decode('{PIXEL}')\nPicture()"
    );
    let answers = [cell("1", "x = 6 * 7\nprint('hello')"), cell("2", &picture), text("It is 42.")];
    let model = Arc::new(ScriptedLlm::new(answers));
    let path = std::env::var("PATH").unwrap();
    let server = start(&model, &[("PATH", &path)]).await;
    let conversation = server.create().await;
    let events = events(&server, &conversation).await;
    let cells: Vec<&Value> =
        events.iter().filter(|event| event["observation"] == "run_ipython").collect();
    let [first, second] = cells.as_slice() else { panic!("{events:?}") };
    let lines = |event: &Value| -> Vec<String> {
        event["content"].as_str().unwrap().lines().map(str::to_owned).collect()
    };
    let [printed, directory, interpreter] = lines(first).try_into().unwrap();
    assert_eq!(printed, "hello");
    assert!(directory.starts_with("[Jupyter current working directory: /"), "{directory}");
    assert!(interpreter.starts_with("[Jupyter Python interpreter: /"), "{interpreter}");
    assert_eq!((&first["success"], &first["extras"]["image_urls"]), (&json!(true), &Value::Null));
    assert_eq!(lines(second)[0], "42");
    let url = format!("data:image/png;base64,{PIXEL}");
    assert_eq!(second["extras"]["image_urls"], json!([url]));

    let requests = model.requests();
    assert!(requests[0].tools.iter().any(|tool| tool.name == "execute_ipython_cell"));
    let last = format!("{:?}", requests[2].messages);
    assert!(last.contains("hello") && last.contains(&url), "{last}");
    let path = format!("/api/conversations/{conversation}/events?limit=100");
    let (_, page) = server.get(&path).await;
    let mut page = page["events"].as_array().unwrap().iter();
    let recall = page.find(|event| event["extras"]["recall_type"] == "workspace_context").unwrap();
    let told = &recall["extras"]["additional_agent_instructions"];
    assert!(told.as_str().unwrap().contains("execute_ipython_cell"), "{told}");
    let (_, health) = server.get("/api/health").await;
    assert_eq!(health["tools"]["ipython"]["is_offered"], true, "{health}");
    assert!(health["tools"]["ipython"]["version"].as_str().unwrap().starts_with("3."), "{health}");
}

#[tokio::test]
async fn the_notebook_is_not_offered_without_python_or_when_it_is_off() {
    let _machine = WHOLE_MACHINE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    for program in ["bash", "git"] {
        let found = ["/usr/bin", "/bin"].map(|at| std::path::Path::new(at).join(program));
        let found = found.into_iter().find(|path| path.is_file()).unwrap();
        std::os::unix::fs::symlink(found, folder.path().join(program)).unwrap();
    }
    let without_python = folder.path().display().to_string();
    let path = std::env::var("PATH").unwrap();
    for variables in [
        [("PATH", without_python.as_str()), ("AGENT_ENABLE_JUPYTER", "true")],
        [("PATH", path.as_str()), ("AGENT_ENABLE_JUPYTER", "false")],
    ] {
        let model = Arc::new(ScriptedLlm::new([text("Nothing to do.")]));
        let server = start(&model, &variables).await;
        let conversation = server.create().await;
        events(&server, &conversation).await;
        let requests = model.requests();
        let tools: Vec<&str> = requests[0].tools.iter().map(|tool| tool.name.as_str()).collect();
        assert!(tools.contains(&"execute_bash"), "{tools:?}");
        assert!(!tools.contains(&"execute_ipython_cell"), "{tools:?}");
        let (_, health) = server.get("/api/health").await;
        let ipython = &health["tools"]["ipython"];
        assert_eq!(ipython["is_offered"], variables[0].1 == path, "{health}");
        if variables[0].1 == without_python {
            assert!(ipython["fix"].as_str().unwrap().contains("apt-get install"), "{health}");
        }
    }
}
