//! Smaller answers for those who are far away: files of the interface, and pages of a log.

use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

/// Compresses what is worth it for clients that take gzip.
///
/// What a page of secrets would give away by its length (BREACH) is not at stake: no answer it is
/// laid on holds a key.
pub(crate) fn layer() -> CompressionLayer<impl Predicate> {
    // Pictures are left out by default; fonts are compressed already, too.
    let predicate = DefaultPredicate::new().and(NotForContentType::const_new("font/"));
    CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest).compress_when(predicate)
}
