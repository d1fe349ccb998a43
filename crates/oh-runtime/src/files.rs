use crate::editor::Editor;
use crate::path::PathMap;
use oh_event::{Observation, PlainObservation, ReadAction, WriteAction};
use std::path::Path;
pub(crate) fn read(_: &ReadAction, _: &Editor, _: &PathMap, _: &Path) -> Observation {
    Observation::Null(PlainObservation::default())
}
pub(crate) fn write(_: &WriteAction, _: &Editor, _: &PathMap, _: &Path) -> Observation {
    Observation::Null(PlainObservation::default())
}
