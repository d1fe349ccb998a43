//! One request, carried to a port of a conversation and back.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode, Uri, Version};
use axum::response::Response;
use hyper::client::conn::http1;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use oh_runtime::Runtime;

use super::grants::Session;
use super::headers::{self, Place};
use super::page;
use super::previews::Previews;
use crate::auth::SessionKey;

/// How long to wait for a connection, and for room for one.
const CONNECT_TIME: Duration = Duration::from_secs(15);
/// How long a program may take for the head of its answer: some build what they serve first.
const HEAD_TIME: Duration = Duration::from_secs(300);
/// Most bytes of that head.
const MAX_HEAD: usize = 64 * 1024;

const WEBSOCKET: &str = "websocket";

/// A request that may be carried.
pub(super) struct Errand<'a> {
    pub(super) previews: &'a Previews,
    pub(super) session: Session,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) place: Place,
    pub(super) key: &'a SessionKey,
    pub(super) client: IpAddr,
}

impl Errand<'_> {
    /// Carries `request` to `path` of the program and returns its answer, or a page that says why
    /// there is none.
    pub(super) async fn run(&self, request: Request, path: PathAndQuery) -> Response {
        match self.carry(request, path).await {
            Ok(response) => response,
            Err((status, reason)) => {
                let ports = self.runtime.ports().await;
                page::nobody(status, self.session.target.port, &reason, &ports)
            }
        }
    }

    async fn carry(
        &self,
        mut request: Request,
        path: PathAndQuery,
    ) -> Result<Response, (StatusCode, String)> {
        let port = self.session.target.port;
        let upgrade = wants_websocket(&request).then(|| hyper::upgrade::on(&mut request));
        let connect = tokio::time::timeout(CONNECT_TIME, self.runtime.connect(port));
        let stream = match connect.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err((StatusCode::BAD_GATEWAY, sentence(&error.to_string()))),
            Err(_) => {
                let reason = "There are too many connections to this conversation's ports. Reload in a moment.";
                return Err((StatusCode::SERVICE_UNAVAILABLE, reason.to_owned()));
            }
        };
        let not_http = |error: hyper::Error| {
            tracing::debug!(%error, port, "a port did not answer");
            let reason = "Something listens there, but it does not speak HTTP or hung up.";
            (StatusCode::BAD_GATEWAY, reason.to_owned())
        };
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD);
        let (mut sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(not_http)?;
        let keep = |work| self.previews.keep(self.session.end.clone(), work);
        keep(Box::pin(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a connection to a port ended badly");
            }
        }) as oh_runtime::BoxFuture<'static, ()>);
        let request = self.request(request, path, upgrade.is_some());
        let answer = tokio::time::timeout(HEAD_TIME, sender.send_request(request)).await;
        let mut answer = match answer {
            Ok(answer) => answer.map_err(not_http)?,
            Err(_) => {
                let reason = "The program there has not answered within 5 minutes.";
                return Err((StatusCode::GATEWAY_TIMEOUT, reason.to_owned()));
            }
        };
        let status = answer.status();
        let is_switched = status == StatusCode::SWITCHING_PROTOCOLS;
        let mut returned = headers::returned(answer.headers(), port, &self.place, &self.session);
        match upgrade {
            Some(client) if is_switched => {
                mark_websocket(&mut returned);
                let program = hyper::upgrade::on(&mut answer);
                keep(Box::pin(switch(client, program)));
            }
            // An answer to something that nobody asked.
            None if is_switched => {
                let reason = "The program there switched to another protocol.";
                return Err((StatusCode::BAD_GATEWAY, reason.to_owned()));
            }
            Some(_) | None => {}
        }
        let mut response = Response::new(Body::new(answer.into_body()));
        *response.status_mut() = status;
        *response.headers_mut() = returned;
        Ok(response)
    }

    fn request(&self, request: Request, path: PathAndQuery, is_upgrade: bool) -> Request {
        let (parts, body) = request.into_parts();
        let port = self.session.target.port;
        let mut passed =
            headers::forwarded(&parts.headers, port, &self.place, self.key, self.client);
        if is_upgrade {
            mark_websocket(&mut passed);
        }
        let mut request = Request::new(body);
        *request.method_mut() = parts.method;
        *request.uri_mut() = Uri::from(path);
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = passed;
        request
    }
}

/// Says whether a request is the beginning of a WebSocket.
pub(super) fn wants_websocket(request: &Request) -> bool {
    let value =
        |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_upgrade = value(header::CONNECTION).is_some_and(|value| {
        value.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade"))
    });
    request.method() == Method::GET
        && is_upgrade
        && value(header::UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case(WEBSOCKET))
}

fn mark_websocket(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(WEBSOCKET));
}

/// Carries bytes of both sides until one of them ends.
async fn switch(client: OnUpgrade, program: OnUpgrade) {
    let (Ok(client), Ok(program)) = tokio::join!(client, program) else { return };
    let split = |side: Upgraded| tokio::io::split(TokioIo::new(side));
    let (mut from_client, mut to_client) = split(client);
    let (mut from_program, mut to_program) = split(program);
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_program) => {}
        _ = tokio::io::copy(&mut from_program, &mut to_client) => {}
    }
}

fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
