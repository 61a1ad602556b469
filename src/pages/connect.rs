//! The connect page: who asks for what, and one button.

use super::{Reference, STYLE, TEMPLATE, fill};

/// The page behind a connect link; opening it changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct ConnectPage<'a> {
    /// The application, as AppFabric names it.
    pub app: &'a str,
    /// The tenant there, as people call it.
    pub tenant: Option<&'a str>,
    /// Who asks.
    pub organisation: Option<&'a str>,
}

impl ConnectPage<'_> {
    /// The page as HTML, with what the person may quote to support.
    #[must_use]
    pub fn html(self, reference: Option<Reference<'_>>) -> String {
        let Self { app, tenant, organisation } = self;
        let who = organisation.unwrap_or("The team that sent you this link");
        let heading = format!("Connect {app}");
        let happened = match tenant {
            Some(tenant) => format!("{who} asks you to approve a connection to {app}, for “{tenant}”."),
            None => format!("{who} asks you to approve a connection to {app}."),
        };
        let now = format!(
            "Continue to {app}, sign in there if you are asked to, and allow access. You come back here afterwards. If \
             you did not expect this, close the page: nothing has happened."
        );
        fill(
            TEMPLATE,
            &[
                ("title", Some(&heading)),
                ("style", Some(STYLE)),
                ("tone", Some("connect")),
                ("organisation", organisation),
                ("glyph", Some("M90 28h18M102 21l7 7-7 7")),
                ("heading", Some(&heading)),
                ("happened", Some(&happened)),
                ("now", Some(&now)),
                ("button", Some(&format!("Continue to {app}"))),
                ("reference", reference.map(|Reference(text)| text)),
            ],
        )
    }
}
