//! The OAuth redirection endpoint for AWS AppFabric.
//!
//! A person consents at an application; the application redirects their browser here with a `code`; one
//! `ConnectAppAuthorization` spends it; the browser is sent on to a page that says how it ended.
//!
//! # The house
//!
//! The modules are "rooms" in a row: `main → http → ops → connect → aws → values`. A file uses only rooms to its right;
//! [`config`] uses `values` and `aws`, and only `main` and `http` use it. The test at the end of this file checks this.
//!
//! | room | what is there | to change it, begin with |
//! | --- | --- | --- |
//! | [`values`] | outcomes, identifiers, secrets, URLs, the query, the time budget | `values/outcome.rs`: reasons, their log level and `action` |
//! | [`aws`] | the calls to AppFabric and DynamoDB; the only place that knows the SDK | `aws/answer.rs`: what an error means |
//! | [`connect`] | what a callback does | `connect/callback.rs`: the steps; `connect/flow.rs`: the rules of links and `state` |
//! | [`ops`] | log lines and metrics | `ops/lines.rs`: the lines, and the `action` of some; `ops/metrics.rs` |
//! | [`http`] | API Gateway's events, the routes, the pages | `http/endpoint.rs`: the routes; `http/pages/words.rs`, `connect.rs`, `page.html`: what people read |
//! | [`config`] | the environment | `config.rs`: the fields; `config/settings.rs`: the parsers |
//!
//! To read it all: `http/endpoint.rs`, `connect/callback.rs`, `connect/spending.rs`, `connect/flow.rs`, `connect/store.rs`;
//! read the other files when one of these names them.
//!
//! # Words
//!
//! *Application*: Slack, Okta, … (the authorization server). *Client*: AppFabric. *Connection*: our public name for one
//! app authorization. *Connect*: what AppFabric does. *Spend*: to use up a code, by sending it. *Claim*: the right to
//! spend a code, given once. *Look*: one `GetAppAuthorization`. *Flow*: one person's way from a connect link to the outcome.
//! *Press*: one use of the connect page's button; each press has its own `state`.

pub mod aws;
pub mod config;
pub mod connect;
pub mod http;
pub mod ops;
pub mod values;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// From left to right.
    const ROOMS: [&str; 6] = ["main", "http", "ops", "connect", "aws", "values"];

    /// Every source file but this one: its room, its path, and its text without tests and comments.
    fn files() -> Vec<(String, PathBuf, String)> {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut folders, mut files) = (vec![src.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") && !["lib.rs", "tests.rs"].contains(&name) {
                    let text = fs::read_to_string(&path).unwrap();
                    let text = text.split("#[cfg(test)]").next().unwrap();
                    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                    let room = path.strip_prefix(&src).unwrap().iter().next().unwrap().to_str().unwrap();
                    files.push((room.trim_end_matches(".rs").to_owned(), path.clone(), code.collect()));
                }
            }
        }
        assert!(files.len() > 40, "{files:?}");
        files
    }

    #[test]
    fn a_file_uses_only_rooms_to_the_right_of_its_own() {
        for (room, path, code) in files() {
            let place = ROOMS.iter().position(|name| *name == room);
            assert!(place.is_some() || room == "config", "{} is in no room", path.display());
            let paths = code.split("crate::").chain(code.split("appfabric_connect::")).skip(1);
            let rooms = paths.filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next());
            for used in rooms {
                let may = match (ROOMS.iter().position(|name| *name == used), place) {
                    (Some(used), Some(place)) => used >= place,
                    // `config`, which only `main` and `http` use, uses `values` and `aws`.
                    (Some(used), None) => used >= 4,
                    (None, place) => used != "config" || place.is_none_or(|place| place <= 1),
                };
                assert!(may, "{} uses {used}", path.display());
            }
        }
    }

    #[test]
    fn only_aws_knows_the_sdk_and_only_ops_logs() {
        for (room, path, code) in files() {
            let sdk = ["aws_config::", "aws_credential_types::", "aws_sdk_", "aws_smithy_", "aws_types::"];
            assert!(room == "aws" || !sdk.iter().any(|name| code.contains(name)), "{}", path.display());
            assert!(["main", "ops"].contains(&room.as_str()) || !code.contains("tracing"), "{}", path.display());
        }
    }
}
