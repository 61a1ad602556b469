//! Which operation on which resource: the service model's `http` traits, on the path as it was sent.

use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// An operation that the emulator knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// `ConnectAppAuthorization`; in JSON also `Connect`.
    #[serde(rename = "ConnectAppAuthorization", alias = "Connect")]
    Connect,
    /// `GetAppAuthorization`; in JSON also `Get`.
    #[serde(rename = "GetAppAuthorization", alias = "Get")]
    Get,
    /// `CreateAppAuthorization`
    #[serde(rename = "CreateAppAuthorization")]
    Create,
    /// `UpdateAppAuthorization`
    #[serde(rename = "UpdateAppAuthorization")]
    Update,
    /// `DeleteAppAuthorization`
    #[serde(rename = "DeleteAppAuthorization")]
    Delete,
    /// `ListAppAuthorizations`
    #[serde(rename = "ListAppAuthorizations")]
    List,
    /// `CreateAppBundle`
    #[serde(rename = "CreateAppBundle")]
    CreateBundle,
    /// `GetAppBundle`
    #[serde(rename = "GetAppBundle")]
    GetBundle,
    /// `DeleteAppBundle`
    #[serde(rename = "DeleteAppBundle")]
    DeleteBundle,
    /// `ListAppBundles`
    #[serde(rename = "ListAppBundles")]
    ListBundles,
}

/// An operation with the identifiers from its path, decoded once and not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) operation: Operation,
    /// `appBundleIdentifier`; empty where the operation takes none.
    pub(super) bundle: String,
    /// `appAuthorizationIdentifier`; empty where the operation takes none.
    pub(super) authorization: String,
}

impl Route {
    /// Reads a method and a raw path; `None` is an unknown operation.
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let (operation, bundle, authorization) = match (method.as_str(), &segments[..]) {
            ("POST", ["appbundles"]) => (Operation::CreateBundle, "", ""),
            ("GET", ["appbundles"]) => (Operation::ListBundles, "", ""),
            ("GET", ["appbundles", bundle]) => (Operation::GetBundle, *bundle, ""),
            ("DELETE", ["appbundles", bundle]) => (Operation::DeleteBundle, *bundle, ""),
            ("POST", ["appbundles", bundle, "appauthorizations"]) => (Operation::Create, *bundle, ""),
            ("GET", ["appbundles", bundle, "appauthorizations"]) => (Operation::List, *bundle, ""),
            (method, ["appbundles", bundle, "appauthorizations", authorization]) => {
                let operation = match method {
                    "GET" => Operation::Get,
                    "PATCH" => Operation::Update,
                    "DELETE" => Operation::Delete,
                    _ => return None,
                };
                (operation, *bundle, *authorization)
            }
            ("POST", ["appbundles", bundle, "appauthorizations", authorization, "connect"]) => {
                (Operation::Connect, *bundle, *authorization)
            }
            _ => return None,
        };
        let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
        Some(Self { operation, bundle: decoded(bundle), authorization: decoded(authorization) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_its_path() {
        for (method, path, operation) in [
            ("POST", "/appbundles", Some(Operation::CreateBundle)),
            ("GET", "/appbundles", Some(Operation::ListBundles)),
            ("GET", "/appbundles/b", Some(Operation::GetBundle)),
            ("DELETE", "/appbundles/b", Some(Operation::DeleteBundle)),
            ("POST", "/appbundles/b/appauthorizations", Some(Operation::Create)),
            ("GET", "/appbundles/b/appauthorizations", Some(Operation::List)),
            ("GET", "/appbundles/b/appauthorizations/a", Some(Operation::Get)),
            ("PATCH", "/appbundles/b/appauthorizations/a", Some(Operation::Update)),
            ("DELETE", "/appbundles/b/appauthorizations/a", Some(Operation::Delete)),
            ("POST", "/appbundles/b/appauthorizations/a/connect", Some(Operation::Connect)),
            ("PUT", "/appbundles/b/appauthorizations/a", None),
            ("GET", "/appbundles/b/appauthorizations/a/connect", None),
            ("POST", "/appbundles/b/ingestions", None),
            ("GET", "/tags/arn", None),
            ("POST", "/useraccess/start", None),
            ("GET", "/", None),
        ] {
            let method: Method = method.parse().expect("a method");
            assert_eq!(Route::of(&method, path).map(|route| route.operation), operation, "{method} {path}");
        }
    }

    #[test]
    fn an_arn_in_the_path_is_decoded_once() {
        let route = Route::of(&Method::GET, "/appbundles/arn%3Aaws%3Ax%2Fy%2525").expect("a route");
        assert_eq!(route.bundle, "arn:aws:x/y%25");
    }
}
