//! The container engine: Docker, or what speaks its API.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::errors::Error as ApiError;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, NetworkConnectRequest};
use bollard::query_parameters::{
    AttachContainerOptions, CreateContainerOptions, InspectContainerOptions,
    RemoveContainerOptions, StartContainerOptions, StopContainerOptions, UploadToContainerOptions,
    WaitContainerOptions,
};
use bollard::{API_DEFAULT_VERSION, Docker, body_try_stream};
use futures_util::StreamExt;

use super::archive;
use super::attachment::Attachment;
use super::body::{CONVERSATION_LABEL, PORTS_LABEL, PROGRAM, SETTINGS_LABEL};
use super::error::{ContainerError, reason, status};

/// Time for the engine to answer one request.
const TIMEOUT: u64 = 120;
/// Time for a container to end by itself before it is killed.
const GRACE: i32 = 2;
/// Time for a container to end once its input has.
const TIME_TO_END: Duration = Duration::from_secs(5);

/// A connection to the engine, for one container.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    pub(super) docker: Docker,
    /// Name of the container.
    name: String,
}

/// A container that exists.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) is_running: bool,
    /// Whose it is; `None` if it is not ours.
    pub(super) conversation: Option<String>,
    /// How it was made.
    pub(super) settings: Option<String>,
    pub(super) ports: Vec<String>,
    /// Variables of the image.
    pub(super) environment: Vec<(String, String)>,
    exit_code: i64,
    is_out_of_memory: bool,
}

impl Engine {
    /// Connects to the engine and returns what it calls itself.
    pub(super) async fn connect(
        address: &str,
        name: &str,
    ) -> Result<(Self, String), ContainerError> {
        let failed = |reason| ContainerError::Unreachable { address: address.to_owned(), reason };
        let docker = open(address).map_err(failed)?;
        let found = docker.version().await.map_err(|error| failed(reason(&error)))?;
        let product = found.platform.map_or_else(|| "Docker".to_owned(), |platform| platform.name);
        let title = format!("{product} {}", found.version.unwrap_or_default());
        Ok((Self { docker, name: name.to_owned() }, title))
    }

    /// Returns the container, if there is one.
    pub(super) async fn find(&self) -> Result<Option<Found>, ContainerError> {
        match self.docker.inspect_container(&self.name, None::<InspectContainerOptions>).await {
            Ok(container) => Ok(Some(Found::new(container))),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(self.refused("look at the container", &error)),
        }
    }

    /// Makes the container; `false` if there is one of this name.
    pub(super) async fn create(
        &self,
        body: ContainerCreateBody,
        platform: Option<&str>,
    ) -> Result<bool, ContainerError> {
        let options = CreateContainerOptions {
            name: Some(self.name.clone()),
            platform: platform.unwrap_or_default().to_owned(),
        };
        match self.docker.create_container(Some(options), body).await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(409) => Ok(false),
            Err(error) => Err(self.refused("make the container", &error)),
        }
    }

    pub(super) async fn join(&self, network: &str) -> Result<(), ContainerError> {
        let request = NetworkConnectRequest { container: self.name.clone(), endpoint_config: None };
        let joined = self.docker.connect_network(network, request).await;
        joined.map_err(|error| self.refused("connect a network to the container", &error))
    }

    /// Copies our program into the container.
    pub(super) async fn upload(&self, program: &Path) -> Result<(), ContainerError> {
        let archive = archive::of_program(program, PROGRAM).await;
        let archive = archive.map_err(|error| self.failed("read the program for", &error))?;
        let options = UploadToContainerOptions { path: "/".to_owned(), ..Default::default() };
        let body = body_try_stream(archive);
        let uploaded = self.docker.upload_to_container(&self.name, Some(options), body).await;
        uploaded.map_err(|error| self.refused("copy the program into the container", &error))
    }

    pub(super) async fn attach(&self) -> Result<Attachment, ContainerError> {
        let options = AttachContainerOptions {
            stream: true,
            stdin: true,
            stdout: true,
            stderr: true,
            ..AttachContainerOptions::default()
        };
        match self.docker.attach_container(&self.name, Some(options)).await {
            Ok(results) => Ok(Attachment::new(results)),
            Err(error) => Err(self.refused("attach to the container", &error)),
        }
    }

    /// Starts the container; an error is what the engine says.
    pub(super) async fn start(&self) -> Result<(), String> {
        let started = self.docker.start_container(&self.name, None::<StartContainerOptions>).await;
        started.map_err(|error| reason(&error))
    }

    pub(super) async fn stop(&self) -> Result<(), ContainerError> {
        let options = StopContainerOptions { t: Some(GRACE), ..StopContainerOptions::default() };
        match self.docker.stop_container(&self.name, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if matches!(status(&error), Some(304 | 404)) => Ok(()),
            Err(error) => Err(self.refused("stop the container", &error)),
        }
    }

    /// Removes the container and its unnamed volumes, running or not.
    pub(super) async fn remove(&self) -> Result<(), ContainerError> {
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        match self.docker.remove_container(&self.name, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if status(&error) == Some(404) => Ok(()),
            Err(error) => Err(self.refused("remove the container", &error)),
        }
    }

    /// Says why nothing comes from the container any more.
    pub(super) async fn reason_of_end(&self) -> String {
        let mut ended =
            Box::pin(self.docker.wait_container(&self.name, None::<WaitContainerOptions>));
        let _ = tokio::time::timeout(TIME_TO_END, ended.next()).await;
        match self.find().await {
            Ok(None) => "it was removed".to_owned(),
            Ok(Some(found)) if found.is_running => {
                "the connection to the container was lost".to_owned()
            }
            Ok(Some(found)) if found.is_out_of_memory => {
                "it used more memory than it may (sandbox.memory_limit_mb)".to_owned()
            }
            Ok(Some(found)) => format!("it ended with exit code {}", found.exit_code),
            Err(error) => error.to_string(),
        }
    }

    pub(super) fn refused(&self, step: &'static str, error: &ApiError) -> ContainerError {
        self.failed(step, &reason(error))
    }

    pub(super) fn failed(
        &self,
        step: &'static str,
        reason: &(impl ToString + ?Sized),
    ) -> ContainerError {
        ContainerError::Refused { step, name: self.name.clone(), reason: reason.to_string() }
    }
}

fn open(address: &str) -> Result<Docker, String> {
    let docker = if address.starts_with("unix://") {
        Docker::connect_with_unix(address, TIMEOUT, API_DEFAULT_VERSION)
    } else if address.starts_with("tcp://") || address.starts_with("http://") {
        Docker::connect_with_http(address, TIMEOUT, API_DEFAULT_VERSION)
    } else {
        return Err("the address must begin with unix:// or tcp://".to_owned());
    };
    docker.map_err(|error| reason(&error))
}

impl Found {
    fn new(container: ContainerInspectResponse) -> Self {
        let state = container.state.unwrap_or_default();
        let config = container.config.unwrap_or_default();
        let mut labels: HashMap<String, String> = config.labels.unwrap_or_default();
        let ports = labels.remove(PORTS_LABEL).unwrap_or_default();
        let variable = |text: String| {
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Self {
            is_running: state.running.unwrap_or(false) || state.paused.unwrap_or(false),
            conversation: labels.remove(CONVERSATION_LABEL),
            settings: labels.remove(SETTINGS_LABEL),
            ports: ports.split(',').filter(|port| !port.is_empty()).map(str::to_owned).collect(),
            environment: config.env.unwrap_or_default().into_iter().filter_map(variable).collect(),
            exit_code: state.exit_code.unwrap_or_default(),
            is_out_of_memory: state.oom_killed.unwrap_or(false),
        }
    }
}
