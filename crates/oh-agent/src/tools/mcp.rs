use oh_chat::ToolSpec;
use oh_event::{Action, CallToolMcpAction, OpaqueJson};
use serde_json::{Map, Value, json};

use super::ParsedCall;
use super::arguments::{Arguments, risk_schema};

const RISK: &str = "security_risk";

/// Returns the tool with an argument for the risk of a call, unless it has one of this name itself.
pub(crate) fn spec(tool: &ToolSpec) -> ToolSpec {
    let mut schema = schema_of(tool);
    if has_own_risk(&schema) {
        return ToolSpec { parameters: Value::Object(schema).to_string(), ..tool.clone() };
    }
    schema.insert("type".to_owned(), json!("object"));
    if let Value::Object(properties) = object_at(&mut schema, "properties") {
        properties.insert(RISK.to_owned(), risk_schema());
    }
    let mut required = match schema.remove("required") {
        Some(Value::Array(required)) => required,
        Some(_) | None => Vec::new(),
    };
    required.push(json!(RISK));
    schema.insert("required".to_owned(), Value::Array(required));
    ToolSpec { parameters: Value::Object(schema).to_string(), ..tool.clone() }
}

pub(crate) fn parse(tool: &ToolSpec, arguments: Arguments<'_>) -> ParsedCall {
    let security_risk = arguments.risk();
    let mut fields = arguments.into_fields();
    if !has_own_risk(&schema_of(tool)) {
        fields.remove(RISK);
    }
    let action = Action::CallToolMcp(CallToolMcpAction {
        name: tool.name.clone(),
        arguments: OpaqueJson::from_json_text(Value::Object(fields).to_string()),
        security_risk,
        ..CallToolMcpAction::default()
    });
    ParsedCall { action, timeout: None }
}

fn schema_of(tool: &ToolSpec) -> Map<String, Value> {
    serde_json::from_str(&tool.parameters).unwrap_or_default()
}

fn has_own_risk(schema: &Map<String, Value>) -> bool {
    schema.get("properties").is_some_and(|properties| properties.get(RISK).is_some())
}

/// Returns the object of this name, which takes the place of anything else.
fn object_at<'a>(schema: &'a mut Map<String, Value>, name: &str) -> &'a mut Value {
    let value = schema.entry(name).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value
}
