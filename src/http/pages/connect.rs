//! The connect page: who asks for what, and one button.

use super::{Asked, Html, Reference, undirected};

/// The page behind a connect link; opening it changes nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectPage<'a> {
    /// The application, as AppFabric names it.
    pub(crate) app: &'a str,
    /// The tenant's name at the application.
    pub(crate) tenant: Option<&'a str>,
    /// Who asks: `ORGANISATION_NAME`.
    pub(crate) organisation: Option<&'a str>,
}

impl ConnectPage<'_> {
    /// The page as HTML, with the reference for support.
    pub(crate) fn html(self, reference: Option<Reference<'_>>) -> String {
        let (app, tenant) = (&undirected(self.app), self.tenant.map(undirected));
        let organisation = self.organisation.map(undirected);
        let who = organisation.as_deref().unwrap_or("The team that sent you this link");
        let heading = &format!("Connect {app}");
        Html {
            title: heading,
            tone: "connect",
            organisation: organisation.as_deref(),
            glyph: "M90 28h18M102 21l7 7-7 7",
            heading,
            happened: &format!("{who} asks you to approve a connection to {app}."),
            now: &format!(
                "Continue to {app}, sign in if you are asked to, and allow access; you come back here afterwards."
            ),
            asked: Some(Asked { app, tenant: tenant.as_deref() }),
            reference,
        }
        .html()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: ConnectPage<'_> =
        ConnectPage { app: "SLACK", tenant: Some("Example"), organisation: Some("Example Corp") };

    #[test]
    fn it_names_who_asks_the_application_and_the_tenant_and_has_one_button() {
        let html = PAGE.html(Reference::parse("8f5a1c2e-7b34-4d6f-9a01-23456789abcd"));
        for said in [
            "<title>Connect SLACK</title>",
            "Connection requested by <bdi>Example Corp</bdi>",
            "<h1>Connect SLACK</h1>",
            ">Example Corp asks you to approve a connection to SLACK.</p>",
            ">Organisation in SLACK: <bdi>Example</bdi></p>",
            "<form method=\"post\"><button>Continue to SLACK</button></form>",
            "<code>8f5a1c2e-7b34-4d6f-9a01-23456789abcd</code>",
        ] {
            assert_eq!(html.matches(said).count(), 1, "{said}");
        }
        assert_eq!(html.matches("<button").count(), 1);
        assert!(!html.contains("{{"));
    }

    #[test]
    fn what_is_not_known_is_not_named() {
        let html = ConnectPage { tenant: None, organisation: None, ..PAGE }.html(None);
        assert!(html.contains(">The team that sent you this link asks you to approve a connection to SLACK.</p>"));
        for trace in ["<bdi", "<header", "class=\"tenant\"", "<dl", "requested by"] {
            assert!(!html.contains(trace), "{trace}");
        }
    }

    #[test]
    fn a_hostile_name_stays_text() {
        let hostile = "</bdi><script>\"'&\u{202e}{{style}}";
        let shown = "&#60;/bdi&#62;&#60;script&#62;&#34;&#39;&#38;{{style}}";
        let html = ConnectPage { app: hostile, tenant: Some(hostile), organisation: Some(hostile) }.html(None);
        let plain = ConnectPage { app: "x", tenant: Some("x"), organisation: Some("x") }.html(None);
        assert!(html.contains(&format!("<button>Continue to {shown}</button>")));
        // Every place that shows a name shows it escaped, and nothing else differs.
        assert_eq!(html.matches(shown).count(), 9);
        assert_eq!(html.replace(shown, "").matches('<').count(), plain.matches('<').count());
    }
}
