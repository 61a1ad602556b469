//! Stub until the real pages are merged.
use crate::outcome::{Outcome, ResultPage};
/// CSP.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'";
/// Error pages.
#[derive(Clone, Copy, Debug)]
pub enum ErrorPage {
    /// 400
    BadRequest,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 500
    InternalError,
}
/// Error page.
#[must_use]
pub fn error(page: ErrorPage) -> String {
    format!("<html>{page:?}</html>")
}
/// Outcome.
#[must_use]
pub fn outcome(page: ResultPage, reason: Option<&str>) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|o| o.page() == page && o.reason() == reason)
}
/// Reference.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    text.len() == 36
}
/// Result.
#[must_use]
pub fn result(
    page: ResultPage,
    outcome: Option<Outcome>,
    reference: Option<&str>,
    organisation: Option<&str>,
) -> String {
    format!("<html>{page:?}{outcome:?}{reference:?}{organisation:?}</html>")
}
