use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use oh_event::ConversationId;
use oh_event_log::Order;
use oh_wire::{Rejection, parse_client_action};
use serde_json::{Map, Value, json};

use super::body::Fields;
use super::conversations::{Query, bad_integer, check_known, parse_id, user_message};
use super::error::ApiError;
use crate::state::AppState;
use crate::trajectory::{self, Screenshots};

/// Events read at once while looking for those that pass a filter.
const SCAN_PAGE: usize = 500;

/// What a page of events is narrowed to.
#[derive(Debug, Default)]
struct Filter {
    query: Option<String>,
    source: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    excludes_hidden: bool,
}

pub(crate) async fn page(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, ApiError> {
    let id = parse_id(&id)?;
    let query = Query::parse(query.as_deref());
    let integer = |name: &'static str, default: i64| match query.get(name) {
        None => Ok(default),
        Some(text) => text.trim().parse::<i64>().map_err(|_| bad_integer(name, text)),
    };
    let start = u64::try_from(integer("start_id", 0)?).unwrap_or(0);
    let end =
        u64::try_from(integer("end_id", i64::MAX - 1)?).map_or(0, |end| end.saturating_add(1));
    let limit = match usize::try_from(integer("limit", 20)?) {
        Ok(limit) if limit <= 100 => limit,
        Ok(_) | Err(_) => return Err(ApiError::bad_request("Invalid limit")),
    };
    let is_reverse = matches!(query.get("reverse"), Some("true" | "1" | "True"));
    let order = if is_reverse { Order::Descending } else { Order::Ascending };
    let filter = Filter::read(&query, &body);
    check_known(&state, &id).await?;
    let mut found = scan(&state, &id, (start, end), order, limit + 1, &filter).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    if query.get("pictures") != Some("url") {
        for event in &mut found {
            if let Some(expanded) = state.pictures.expand(event).await {
                *event = expanded;
            }
        }
    }
    let text = format!("{{\"events\":[{}],\"has_more\":{has_more}}}", found.join(","));
    Ok(json_text(text))
}

/// Collects the stored form of events that pass the filter.
async fn scan(
    state: &AppState,
    id: &ConversationId,
    (mut start, mut end): (u64, u64),
    order: Order,
    wanted: usize,
    filter: &Filter,
) -> Result<Vec<String>, ApiError> {
    let mut found = Vec::new();
    loop {
        let page = state.log.page(id, (start, end), order, SCAN_PAGE).await?;
        let Some(last) = page.last().map(|entry| entry.id().0) else { return Ok(found) };
        for entry in &page {
            let text = entry.view().stored_form();
            if filter.passes(&text) {
                found.push(text);
                if found.len() == wanted {
                    return Ok(found);
                }
            }
        }
        match order {
            Order::Ascending => start = last + 1,
            Order::Descending => end = last,
        }
    }
}

impl Filter {
    /// The filter comes as a body, as OpenHands reads it, or as query parameters.
    fn read(query: &Query, body: &Bytes) -> Self {
        let body: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| {
            let from_body = body.get(name).and_then(Value::as_str);
            from_body.or_else(|| query.get(name)).map(str::to_owned)
        };
        Self {
            query: text("query").map(|text| text.to_lowercase()),
            source: text("source"),
            start_date: text("start_date"),
            end_date: text("end_date"),
            excludes_hidden: body.get("exclude_hidden").and_then(Value::as_bool).unwrap_or(false)
                || query.get("exclude_hidden") == Some("true"),
        }
    }

    fn is_empty(&self) -> bool {
        !self.excludes_hidden
            && [&self.query, &self.source, &self.start_date, &self.end_date]
                .into_iter()
                .all(Option::is_none)
    }

    fn passes(&self, text: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let event: Value = serde_json::from_str(text).unwrap_or_default();
        let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_hidden = ["/args/hidden", "/extras/hidden"]
            .iter()
            .any(|at| event.pointer(at) == Some(&json!(true)));
        self.query.as_ref().is_none_or(|query| text.to_lowercase().contains(query))
            && self.source.as_ref().is_none_or(|source| field("source") == source)
            && self.start_date.as_ref().is_none_or(|date| field("timestamp") >= date.as_str())
            && self.end_date.as_ref().is_none_or(|date| field("timestamp") <= date.as_str())
            && !(self.excludes_hidden && is_hidden)
    }
}

pub(crate) async fn append(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| rejected(&"the body is not valid UTF-8".to_owned()))?;
    let action = parse_client_action(text).map_err(|r: Rejection| rejected(&r.message))?;
    state.act(&id, action.draft, action.client_id).await?;
    Ok(Json(json!({"success": true})))
}

fn rejected(message: &String) -> ApiError {
    ApiError::with_body(StatusCode::BAD_REQUEST, json!({"error": message}))
}

pub(crate) async fn message(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let id = parse_id(&id)?;
    let mut fields = Fields::parse(&body)?;
    if !fields.has("message") {
        fields.problem("missing", "message", "Field required", Value::Null);
    }
    let text = fields.text("message").unwrap_or_default();
    fields.finish()?;
    check_known(&state, &id).await?;
    if text.is_empty() {
        return Err(rejected(&"a message needs a text".to_owned()));
    }
    state.act(&id, user_message(text, Vec::new()), None).await?;
    Ok(Json(json!({"success": true})))
}

pub(crate) async fn trajectory(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let events = trajectory::export(&state.log, &state.pictures, &id, Screenshots::LeftOut).await;
    let events = events.map_err(|error| {
        tracing::error!(%error, %id, "a trajectory could not be made");
        let body = json!({"trajectory": null, "error": "Internal server error"});
        ApiError::with_body(StatusCode::INTERNAL_SERVER_ERROR, body)
    })?;
    Ok(json_text(format!("{{\"trajectory\":{events}}}")))
}

fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
