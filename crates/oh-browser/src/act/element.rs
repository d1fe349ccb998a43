//! Acts on one element.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{ActError, Actor};
use crate::cdp::CdpError;
use crate::keys::Combination;
use crate::page::Element;

/// What is done inside pages, a function for each.
const FUNCTIONS: &str = include_str!("element.js");
/// How long a page may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    problem: Option<String>,
    #[serde(default)]
    is_written: bool,
    #[serde(default)]
    is_empty: bool,
}

#[derive(Deserialize)]
struct Resolved {
    object: RemoteObject,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RemoteObject {
    object_id: Option<String>,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Called {
    result: RemoteObject,
    exception_details: Option<Value>,
}

impl Actor<'_> {
    async fn object(&self, element: &Element) -> Result<String, ActError> {
        let params = json!({"backendNodeId": element.backend});
        let resolved: Result<Resolved, _> =
            self.cdp.call(Some(&element.session), "DOM.resolveNode", params).await;
        match resolved {
            Ok(Resolved { object: RemoteObject { object_id: Some(id), .. } }) => Ok(id),
            Ok(_) | Err(CdpError::Refused { .. }) => {
                Err(ActError::said("the element is no longer on the page"))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn call_on(
        &self,
        element: &Element,
        object: &str,
        function: &str,
        argument: Value,
        is_by_value: bool,
    ) -> Result<RemoteObject, ActError> {
        let declaration = format!(
            "function(argument) {{ return ({FUNCTIONS}).{function}.call(this, argument); }}"
        );
        let params = json!({
            "objectId": object,
            "functionDeclaration": declaration,
            "arguments": [{"value": argument}],
            "returnByValue": is_by_value,
            "awaitPromise": true,
            "userGesture": true,
        });
        let called: Called = self
            .cdp
            .call_within(PATIENCE, Some(&element.session), "Runtime.callFunctionOn", params)
            .await?;
        if called.exception_details.is_some() {
            return Err(ActError::said("the page did not let it be done"));
        }
        Ok(called.result)
    }

    /// Calls one of our functions on an element.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        element: &Element,
        function: &str,
        argument: Value,
    ) -> Result<T, ActError> {
        let object = self.object(element).await?;
        let result = self.call_on(element, &object, function, argument, true).await?;
        serde_json::from_value(result.value)
            .map_err(|_| ActError::said("the page gave an answer that cannot be read"))
    }

    async fn outcome(
        &self,
        bid: &str,
        element: &Element,
        function: &str,
        argument: Value,
    ) -> Result<Outcome, ActError> {
        let outcome: Outcome = self.ask(element, function, argument).await?;
        match outcome.problem {
            Some(problem) => Err(ActError::said(format!("[{bid}]: {problem}"))),
            None => Ok(outcome),
        }
    }

    pub(super) async fn fill(&self, bid: &str, value: &str) -> Result<(), ActError> {
        let element = self.element(bid)?;
        let tab = self.tab()?;
        let outcome = self.outcome(bid, &element, "prepare", json!(value)).await?;
        if !outcome.is_written {
            if value.is_empty() {
                if !outcome.is_empty {
                    let delete = Combination::parse("Delete").map_err(ActError::Said)?;
                    self.strike(&tab.session, &delete).await?;
                }
            } else {
                let params = json!({"text": value});
                let _: Value =
                    self.cdp.call(Some(&tab.session), "Input.insertText", params).await?;
            }
        }
        self.settle().await;
        Ok(())
    }

    pub(super) async fn select(&self, bid: &str, options: &[String]) -> Result<(), ActError> {
        let element = self.element(bid)?;
        self.outcome(bid, &element, "choose", json!(options)).await?;
        self.settle().await;
        Ok(())
    }

    /// Chooses an option of a list that was clicked; says whether it was one.
    pub(super) async fn choose_clicked(
        &self,
        bid: &str,
        element: &Element,
    ) -> Result<bool, ActError> {
        let kind: String = self.ask(element, "kind", Value::Null).await?;
        match kind.as_str() {
            "option" => {
                self.outcome(bid, element, "choose_this", Value::Null).await?;
                Ok(true)
            }
            "select" => Err(ActError::said(format!(
                "[{bid}] is a list; select_option('{bid}', 'the option') chooses from it"
            ))),
            _ => Ok(false),
        }
    }

    pub(super) async fn focus(&self, bid: &str) -> Result<(), ActError> {
        let element = self.element(bid)?;
        let params = json!({"backendNodeId": element.backend});
        let focused: Result<Value, _> =
            self.cdp.call(Some(&element.session), "DOM.focus", params).await;
        match focused {
            Ok(_) => Ok(()),
            Err(CdpError::Refused { message }) => {
                Err(ActError::said(format!("[{bid}] cannot take the focus: {message}")))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn upload(&self, bid: &str, files: &[String]) -> Result<(), ActError> {
        let element = self.element(bid)?;
        let object = self.object(&element).await?;
        let field = self.call_on(&element, &object, "file_field", Value::Null, false).await?;
        let Some(field) = field.object_id else {
            return Err(ActError::said(format!(
                "[{bid}] takes no files, and no field near it does"
            )));
        };
        let absolute = |file: &String| match file.strip_prefix("file://") {
            Some(path) => path.to_owned(),
            None if file.starts_with('/') => file.clone(),
            None => format!("{}/{file}", self.workspace),
        };
        let paths: Vec<String> = files.iter().map(absolute).collect();
        let params = json!({"objectId": field, "files": paths});
        let set: Result<Value, _> =
            self.cdp.call(Some(&element.session), "DOM.setFileInputFiles", params).await;
        match set {
            Ok(_) => {}
            Err(CdpError::Refused { message }) => {
                return Err(ActError::said(format!("[{bid}] did not take the files: {message}")));
            }
            Err(error) => return Err(error.into()),
        }
        let missing = self.call_on(&element, &field, "unreadable", Value::Null, true).await?;
        if let Some(name) = missing.value.as_str() {
            return Err(ActError::said(format!(
                "the file `{name}` cannot be read: {}",
                paths.join(", ")
            )));
        }
        self.settle().await;
        Ok(())
    }
}
