use crate::path::PathMap;
use oh_event::{EditAction, Observation, PlainObservation};
use std::path::PathBuf;
#[derive(Debug)]
pub(crate) struct Editor {
    paths: PathMap,
    history: PathBuf,
}
impl Editor {
    pub(crate) fn new(paths: PathMap, history: PathBuf) -> Self {
        Self { paths, history }
    }
    pub(crate) fn edit(&self, _: &EditAction) -> Observation {
        Observation::Null(PlainObservation::default())
    }
}
