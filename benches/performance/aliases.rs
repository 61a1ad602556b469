//! Callbacks of a function that knows many aliases.
//!
//! Lambda's environment holds 4 KB and Linux's variables 128 KB, too little for 5,000 aliases. So this program builds
//! the function in its own process, for callgrind.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::config::Config;
use appfabric_connect::http::{Endpoint, Invocation};
use aws_config::SdkConfig;
use serde_json::{Value, json};

/// Answers this many callbacks for the middle one of this many aliases. Consent is denied in all, so that no service
/// is called.
pub(crate) async fn answer(aliases: usize, callbacks: usize) {
    let list = list(aliases);
    let variable = |name: &str| match name {
        "APP_AUTHORIZATIONS" => Some(list.clone()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        _ => None,
    };
    let config = Config::from_environment(variable).unwrap_or_else(|faults| panic!("{faults:?}"));
    let endpoint = Endpoint::new(config, AppFabric::new(SdkConfig::builder().build()), None);
    let event = denied(&format!("alias-{}", aliases / 2));
    for _ in 0..callbacks {
        let remaining = Duration::from_secs(25);
        let invocation = Invocation { request_id: "reference".to_owned(), now: SystemTime::now(), remaining };
        let response = serde_json::to_value(endpoint.answer(&event, &invocation).await).expect("it is JSON");
        let location = response["headers"]["location"].as_str().unwrap_or_default();
        assert!(location.contains("reason=access_denied&connection=alias-"), "{response}");
    }
}

fn list(aliases: usize) -> String {
    let mut list = String::from("{");
    for alias in 0..aliases {
        let comma = if alias == 0 { "" } else { "," };
        let bundle = "arn:aws:appfabric:us-east-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d";
        let arn = format!("{bundle}/appauthorization/10000000-0000-4000-8000-{alias:012}");
        write!(list, r#"{comma}"alias-{alias}":"{arn}""#).expect("a string takes everything");
    }
    list + "}"
}

fn denied(alias: &str) -> Value {
    let path = format!("/callback/{alias}");
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "error=access_denied",
        "headers": {},
        "requestContext": {
            "domainName": "abc.execute-api.us-east-1.amazonaws.com",
            "http": { "method": "GET", "path": path },
            "stage": "$default",
        },
    })
}
