//! The parsers of the settings; each error completes the sentence "VARIABLE …" and never repeats the value.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use url::Url;

use crate::aws::CaBundle;
use crate::values::{
    AllowList, AppAuthorization, Connections, RedirectUri, Region, is_accepted, is_alias, is_loopback,
};

/// An absolute URL of a page that people are sent to: `https`, or `http` on a loopback host; ASCII; no fragment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PageUrl(Url);

/// The public address of this API: `https`, or `http` on a loopback host; no query; no slash at its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl(String);

impl PageUrl {
    /// The longest, in bytes: API Gateway passes on 10,240 bytes of response headers.
    pub const MAX_BYTES: usize = 2_048;

    /// Reads a page's URL; an existing query is kept.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = absolute_url(text)?;
        if text.len() > Self::MAX_BYTES {
            return Err(format!("is longer than {} bytes", Self::MAX_BYTES));
        }
        Ok(Self(url))
    }

    /// The URL, in ASCII.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl BaseUrl {
    /// The longest, in bytes: with the longest path after it, it is still a redirect URI that AppFabric takes.
    pub const MAX_BYTES: usize = RedirectUri::MAX_LENGTH - 224;

    /// Reads the base URL; slashes at its end are dropped, everything else is kept byte for byte.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = absolute_url(text)?;
        if url.query().is_some() {
            return Err("must have no query".to_owned());
        }
        if !text.bytes().all(is_accepted) {
            return Err("has a character that AppFabric takes in no redirect URI (`%`, `[`, `]`, …)".to_owned());
        }
        if text.len() > Self::MAX_BYTES {
            return Err(format!("is longer than {} bytes", Self::MAX_BYTES));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn absolute_url(text: &str) -> Result<Url, String> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err("has a space, a backslash, or a character outside ASCII; write it percent-encoded or in punycode"
            .to_owned());
    }
    let scheme = text.split("://").next().filter(|scheme| scheme.len() < text.len()).unwrap_or_default();
    let url = Url::parse(text).map_err(|error| format!("is no absolute URL ({error})"))?;
    match scheme {
        "https" => {}
        "http" if url.host_str().is_some_and(is_loopback) => {}
        _ => return Err("must begin with `https://` (`http://` for a loopback host only)".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must hold no credentials".to_owned());
    }
    if url.fragment().is_some() {
        return Err("must have no fragment".to_owned());
    }
    Ok(url)
}

/// Reads `ORGANISATION_NAME`: plain text, at most 100 characters.
pub(super) fn organisation_name(text: &str) -> Result<String, String> {
    if text.chars().count() > 100 {
        Err("is longer than 100 characters".to_owned())
    } else if text.chars().any(char::is_control) {
        Err("has a control character".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Reads a Region's name.
pub(super) fn region(text: &str) -> Result<Region, String> {
    Region::parse(text).ok_or_else(|| "is not the name of a Region, such as us-east-1".to_owned())
}

/// Reads the name of a DynamoDB table: `[a-zA-Z0-9_.-]{3,255}`.
pub(super) fn table_name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if matches!(text.len(), 3..=255) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("is not the name of a DynamoDB table (`[a-zA-Z0-9_.-]{3,255}`)".to_owned())
    }
}

/// Checks a standard endpoint override; the SDK would ignore one that it cannot read, and call AWS instead.
pub(super) fn endpoint_url(text: &str) -> Result<(), String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
        _ => Err("is no absolute http or https URL".to_owned()),
    }
}

/// Checks one of the credentials; the SDK would panic at a control character in a header.
pub(super) fn credential(text: &str) -> Result<(), String> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("has a space, a control character, or a character outside ASCII".to_owned())
    }
}

/// Reads `APP_AUTHORIZATIONS`: a JSON object, alias → ARN, no alias twice.
pub(super) fn app_authorizations(text: &str) -> Result<Connections, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let members = json.deserialize_map(Members).and_then(|members| json.end().map(|()| members));
    let members = members.map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "must be a JSON object of alias to ARN, both texts".to_owned(),
        _ => format!("is not JSON (line {}, column {})", error.line(), error.column()),
    })?;
    let mut entries = BTreeMap::new();
    let mut problems = Vec::new();
    for (position, (alias, arn)) in members.into_iter().enumerate() {
        match (is_alias(&alias), AppAuthorization::parse_arn(&arn)) {
            (false, _) => problems.push(format!("entry {}'s alias is not `[a-z0-9][a-z0-9-]{{0,62}}`", position + 1)),
            (true, None) => problems.push(format!("alias `{alias}` is not given the ARN of an app authorization")),
            (true, Some(_)) if entries.contains_key(&alias) => problems.push(format!("alias `{alias}` stands twice")),
            (true, Some(listed)) => {
                entries.insert(alias, listed);
            }
        }
    }
    if problems.is_empty() {
        Ok(Connections::Listed(AllowList::new(entries)))
    } else {
        Err(format!("has faults: {}", problems.join(", ")))
    }
}

/// An object's members in their order, with repeats, which a map would hide.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// Reads `AWS_CA_BUNDLE`: the path of a file, which is read once, here.
pub(super) fn ca_bundle(path: &str) -> Result<CaBundle, String> {
    let pem = std::fs::read(path).map_err(|error| format!("names a file that cannot be read ({})", error.kind()))?;
    CaBundle::parse(&pem).ok_or_else(|| "names a file without a certificate of an authority in PEM".to_owned())
}
