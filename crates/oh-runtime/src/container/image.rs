//! Images: what containers are made from.

use std::collections::HashSet;

use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt;

use super::config::ContainerConfig;
use super::engine::Engine;
use super::error::{ContainerError, reason, status};
use crate::runtime::OutputSink;

impl Engine {
    /// Pulls the image if it is not there, and tells `output` how far it is.
    pub(super) async fn need_image(
        &self,
        config: &ContainerConfig,
        output: Option<&OutputSink>,
    ) -> Result<(), ContainerError> {
        match self.docker.inspect_image(&config.image).await {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(404) => self.pull(config, output).await,
            Err(error) => Err(self.refused("look at the image of the container", &error)),
        }
    }

    async fn pull(
        &self,
        config: &ContainerConfig,
        output: Option<&OutputSink>,
    ) -> Result<(), ContainerError> {
        let image = &config.image;
        let tell = |text: String| {
            tracing::info!(image, "{text}");
            if let Some(output) = output {
                // What does not fit is lost, as everywhere with live output.
                let _ = output.try_send(format!("{text}\n"));
            }
        };
        tell(format!("Pulling the image {image}"));
        let options = CreateImageOptions {
            from_image: Some(image.clone()),
            // Without a tag the engine would pull all there are.
            tag: (!has_tag(image)).then(|| "latest".to_owned()),
            platform: config.platform.clone().unwrap_or_default(),
            ..CreateImageOptions::default()
        };
        let mut progress = Box::pin(self.docker.create_image(Some(options), None, None));
        let (mut known, mut done) = (HashSet::new(), HashSet::new());
        while let Some(step) = progress.next().await {
            let step = step.map_err(|error| ContainerError::Image {
                image: image.clone(),
                reason: reason(&error),
            })?;
            let (Some(layer), Some(status)) = (step.id, step.status) else { continue };
            match status.as_str() {
                "Pulling fs layer" => drop(known.insert(layer)),
                "Pull complete" | "Already exists" => {
                    known.insert(layer.clone());
                    if done.insert(layer) {
                        tell(format!("{} of {} layers", done.len(), known.len()));
                    }
                }
                _ => {}
            }
        }
        tell(format!("The image {image} is here"));
        Ok(())
    }

    /// Explains why our program does not run, if that is the reason.
    pub(super) async fn explain(&self, config: &ContainerConfig, reason: String) -> ContainerError {
        let image = config.image.clone();
        let own = own_architecture();
        let hint = if reason.to_ascii_lowercase().contains("exec format error") {
            let found = self.docker.inspect_image(&image).await.ok();
            let of_image = found.and_then(|image| image.architecture);
            let of_image = of_image.unwrap_or_else(|| "another architecture".to_owned());
            format!(
                "the image is for {of_image} and the program for {own}: choose an image for {own}, or set sandbox.platform to \"linux/{own}\""
            )
        } else if ["GLIBC", "no such file or directory", "error while loading shared libraries"]
            .iter()
            .any(|sign| reason.contains(sign))
        {
            "its C library is older or another one: choose an image with a newer glibc, or name a statically linked openhands-executor in sandbox.container_executor".to_owned()
        } else {
            return self.failed("start the container", &reason);
        };
        ContainerError::Program { image, reason, hint }
    }
}

fn has_tag(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.contains(':') || last.contains('@')
}

/// Returns our architecture as images name it.
fn own_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_a_registry_is_no_tag() {
        let check = |image: &str, expected: bool| assert_eq!(has_tag(image), expected, "{image}");
        check("debian", false);
        check("debian:12", true);
        check("localhost:5000/debian", false);
        check("localhost:5000/debian:12", true);
        check("debian@sha256:0123", true);
    }
}
