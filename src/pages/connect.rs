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
        let happened = format!("{who} asks you to approve a connection to {app}.");
        let now =
            format!("Continue to {app}, sign in if you are asked to, and allow access; you come back here afterwards.");
        let unasked = "If you did not expect this, close the page; nothing has been changed.";
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
                ("app", Some(app)),
                ("tenant", tenant),
                ("now", Some(&now)),
                ("button", Some(&format!("Continue to {app}"))),
                ("unasked", Some(unasked)),
                ("reference", reference.map(|Reference(text)| text)),
            ],
        )
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
        let shown = "&lt;/bdi&gt;&lt;script&gt;&quot;&#39;&amp;{{style}}";
        let html = ConnectPage { app: hostile, tenant: Some(hostile), organisation: Some(hostile) }.html(None);
        let plain = ConnectPage { app: "x", tenant: Some("x"), organisation: Some("x") }.html(None);
        assert!(html.contains(&format!("<button>Continue to {shown}</button>")));
        // Every place that shows a name shows it escaped, and nothing else differs.
        assert_eq!(html.matches(shown).count(), 9);
        assert_eq!(html.replace(shown, "").matches('<').count(), plain.matches('<').count());
    }
}
