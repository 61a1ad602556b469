//! The two pages that a person can see: the question, and the refusal to ask it.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};

/// Asks whether the client may have access.
pub(super) fn consent(client: &str, redirect_uri: &str, state: Option<&str>) -> Response {
    let state = state.map_or_else(String::new, |state| hidden("state", state));
    let hidden = [hidden("response_type", "code"), hidden("client_id", client), hidden("redirect_uri", redirect_uri)];
    let main = include_str!("consent.html")
        .replace("{hidden}", &(hidden.concat() + &state))
        .replace("{redirect_uri}", &escaped(redirect_uri))
        .replace("{client}", &escaped(client));
    page(StatusCode::OK, &main)
}

/// Says why the person is not asked and cannot be sent on.
pub(super) fn error(sentence: &str) -> Response {
    page(StatusCode::BAD_REQUEST, &include_str!("error.html").replace("{sentence}", &escaped(sentence)))
}

/// A whole document. No `form-action`: Chrome would also apply it to the redirect that follows the form.
fn page(status: StatusCode, main: &str) -> Response {
    let html = include_str!("page.html").replace("{main}", main);
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ];
    (status, headers, Html(html)).into_response()
}

fn hidden(name: &str, value: &str) -> String {
    format!(r#"<input type="hidden" name="{name}" value="{}">"#, escaped(value))
}

/// Text for an element or a quoted attribute; braces too, so that no text is taken for a placeholder.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, character| {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '{' => html.push_str("&#123;"),
            '}' => html.push_str("&#125;"),
            other => html.push(other),
        }
        html
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_attribute_or_become_a_placeholder() {
        assert_eq!(
            escaped(r#"<b a="1" c='2'>&{client}"#),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&#123;client&#125;"
        );
    }
}
