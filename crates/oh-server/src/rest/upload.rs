use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use oh_runtime::{UnpackLimits, UploadRules, Workspace, WorkspaceError};
use serde_json::{Value, json};

use super::conversations::Query;
use super::error::ApiError;
use super::files::create;
use crate::state::AppState;

/// Most files of one request.
const MAX_FILES: usize = 1_000;

/// What is done with every file of a request.
struct Target {
    workspace: Arc<Workspace>,
    directory: String,
    rules: UploadRules,
    /// Files are archives to be unpacked.
    unpacks: bool,
}

pub(crate) async fn upload(
    State(state): State<AppState>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Value>, ApiError> {
    let workspace = create(&state, &id).await?;
    let query = Query::parse(query.as_deref());
    let target = Target {
        workspace,
        directory: query.get("destination").unwrap_or_default().to_owned(),
        rules: state.config.uploads.clone(),
        unpacks: query.get("recursive") == Some("true"),
    };
    let mut form = form.map_err(|_| ApiError::missing("body", "files"))?;
    let (mut uploaded, mut skipped) = (Vec::new(), Vec::new());
    let mut count = 0;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("files") {
            continue;
        }
        count += 1;
        if count > MAX_FILES {
            let error = format!("More than {MAX_FILES} files in one request; send several");
            return Err(ApiError::with_body(
                StatusCode::PAYLOAD_TOO_LARGE,
                json!({"error": error}),
            ));
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        match target.receive(&name, &mut field).await? {
            Ok(paths) => uploaded.extend(paths.iter().map(|path| path.display().to_string())),
            Err(error) => skipped.push(json!({"name": name, "reason": reason(&error)})),
        }
    }
    if count == 0 {
        return Err(ApiError::missing("body", "files"));
    }
    Ok(Json(json!({"uploaded_files": uploaded, "skipped_files": skipped})))
}

impl Target {
    /// Takes one file as it comes; fails as a whole only if the request is broken.
    async fn receive(
        &self,
        name: &str,
        field: &mut Field<'_>,
    ) -> Result<Result<Vec<PathBuf>, WorkspaceError>, ApiError> {
        let (workspace, rules) = (self.workspace.clone(), self.rules.clone());
        let (directory, name) = (self.directory.clone(), name.to_owned());
        let start = move || workspace.start_upload(&directory, &name, rules);
        let mut upload = blocking(start).await?;
        // What is not wanted has to be read all the same, to get to the next file.
        while let Some(piece) = field.chunk().await.map_err(broken)? {
            upload = match upload {
                Ok(mut upload) => blocking(move || upload.write(&piece).map(|()| upload)).await?,
                Err(error) => Err(error),
            };
        }
        let unpacks = self.unpacks;
        let finish = move || {
            let upload = upload?;
            if unpacks {
                upload.unpack(UnpackLimits::default())
            } else {
                upload.finish().map(|path| vec![path])
            }
        };
        blocking(finish).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| ApiError::internal(&error))
}

fn reason(error: &WorkspaceError) -> String {
    match error {
        WorkspaceError::Io { source, .. } => format!("{error}: {source}"),
        WorkspaceError::Missing { .. }
        | WorkspaceError::Outside { .. }
        | WorkspaceError::NotAFile { .. }
        | WorkspaceError::NotText { .. }
        | WorkspaceError::TooLarge { .. }
        | WorkspaceError::Refused { .. } => error.to_string(),
    }
}

fn broken(error: MultipartError) -> ApiError {
    ApiError::with_body(error.status(), json!({"error": error.body_text()}))
}
