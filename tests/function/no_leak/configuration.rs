//! A start with a faulty configuration, in which any variable may hold a secret that was pasted into the wrong one.

use std::process::Command;

use super::scanner::Secrets;
use crate::instances::stage::variable;

/// Every variable with a secret in it, in each way that makes it faulty.
const FAULTY: [(&str, &str); 20] = [
    ("SUCCESS_URL", "{}"),
    ("SUCCESS_URL", "http://example.com/{}"),
    ("PENDING_URL", "https://user:{}@example.com/"),
    ("FAILURE_URL", "https://example.com/#{}"),
    ("FAILURE_URL", "https://example.com:{}/"),
    ("PUBLIC_BASE_URL", "https://example.com/?{}"),
    ("PUBLIC_BASE_URL", "ftp://{}"),
    ("ORGANISATION_NAME", "{}\u{1b}"),
    ("APP_AUTHORIZATIONS", "{}"),
    ("APP_AUTHORIZATIONS", "[\"{}\"]"),
    ("APP_AUTHORIZATIONS", "{\"slack\": \"{}\"}"),
    ("APP_AUTHORIZATIONS", "{\"{}\": \"arn\"}"),
    ("APP_AUTHORIZATIONS", "{\"slack\": {\"{}\": 1}}"),
    ("APPFABRIC_REGION", "{}"),
    ("FLOW_TABLE", "{}"),
    ("STATE_MODE", "{}"),
    ("AWS_CA_BUNDLE", "/{}"),
    ("AWS_REGION", "{}"),
    ("AWS_ENDPOINT_URL_APPFABRIC", "{}"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "{}"),
];

const SECRET: &str = "pasted+Canary~5f0c2b7e&=wrong";

/// Starts the function with each of them, and says how often.
pub(super) fn faulty_starts() -> usize {
    let secrets = Secrets::default().with("what was pasted", SECRET).with("AWS's secret key", "4/access-key+Canary~&=");
    let mut starts = 0;
    for format in ["JSON", "Text"] {
        for (name, value) in FAULTY {
            let output = Command::new(variable("BOOTSTRAP"))
                .env_clear()
                .env("AWS_REGION", "us-east-1")
                .env("AWS_SECRET_ACCESS_KEY", "4/access-key+Canary~&=")
                .env("AWS_LAMBDA_LOG_FORMAT", format)
                .envs([("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE")])
                .env(name, value.replace("{}", SECRET))
                .output()
                .expect("the binary can be started");
            let printed = [output.stdout, output.stderr].concat();
            let printed = String::from_utf8(printed).expect("UTF-8");
            assert!(!output.status.success() && printed.contains(name), "{name}={value}: {printed}");
            let found = secrets.found_in(&printed);
            assert!(found.is_empty(), "{name}={value}: {found:?} in {printed}");
            starts += 1;
        }
    }
    starts
}
