//! An environment → a configuration that only leads where it says, or its faults.
//!
//! One variable a line, `NAME=value`.
#![no_main]

use std::collections::HashMap;

use appfabric_connect::config::Config;
use appfabric_connect::values::ResultPage;
use appfabric_connect::values::StateMode;
use appfabric_connect_fuzz::answer::Pages;
use appfabric_connect_fuzz::answer::check;
use appfabric_connect_fuzz::site::{Fate, Site};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use url::{Host, Url};

/// Every variable of `docs/configure.md` but `AWS_CA_BUNDLE`, which names a file.
const VARIABLES: [&str; 13] = [
    "APPFABRIC_REGION",
    "APP_AUTHORIZATIONS",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_APPFABRIC",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_REGION",
    "FAILURE_URL",
    "FLOW_TABLE",
    "ORGANISATION_NAME",
    "PENDING_URL",
    "PUBLIC_BASE_URL",
    "STATE_MODE",
    "SUCCESS_URL",
];

/// What can be in a value and in no alias, which a fault may name.
const CANARY: &str = "CANARY";

fuzz_target!(|text: &str| {
    let variables: HashMap<&str, &str> =
        text.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| VARIABLES.contains(name)).collect();
    let set = |name: &str| variables.get(name).copied().filter(|value| !value.is_empty());
    match Config::from_environment(|name| variables.get(name).map(|value| (*value).to_owned())) {
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in &faults {
                assert!(VARIABLES.contains(&fault.variable) && !fault.problem.is_empty(), "{fault}");
                assert!(!fault.to_string().contains(CANARY), "{fault}");
            }
            for (position, fault) in faults.iter().enumerate() {
                assert!(!faults[..position].contains(fault), "told twice: {fault}");
            }
        }
        Ok(config) => {
            assert!(config.state_mode == StateMode::Off || config.flow_table.is_some());
            assert!(set("ORGANISATION_NAME").map(str::len) == config.organisation_name.as_ref().map(String::len));
            leads_where_it_says(config, set);
        }
    }
});

/// Follows one callback that nobody knows, and one press of a button.
fn leads_where_it_says<'v>(config: Config, set: impl Fn(&str) -> Option<&'v str>) {
    for page in ResultPage::ALL {
        let name = ["SUCCESS_URL", "PENDING_URL", "FAILURE_URL"][page as usize];
        let Some(url) = config.page_url(page) else {
            assert_eq!(set(name), None, "{name}");
            continue;
        };
        is_for_people(url.as_str());
        assert_eq!(Ok(url.as_str()), Url::parse(set(name).expect("it is set")).as_ref().map(Url::as_str), "{name}");
    }
    if let Some(url) = &config.public_base_url {
        assert!(!url.as_str().ends_with('/') && is_for_people(url.as_str()).query().is_none());
    }
    let failure = config.failure_url.as_ref().map(|url| url.as_str().to_owned());
    let base = config.public_base_url.as_ref().map_or("https://api.example.com", |url| url.as_str()).to_owned();
    let pages = Pages { configured: [None; 3], aliases: &[], organisation: None };
    let answer = Site::new(config, Fate::Connected).answer(&json!({"httpMethod": "GET", "path": "/callback/x/y/z/w",
        "requestContext": {"path": "/callback/x/y/z/w", "domainName": "api.example.com"}}));
    let location = check(&answer, &pages).expect("a redirect");
    let expected = failure.unwrap_or_else(|| format!("{base}/failed"));
    assert!(location.starts_with(&expected), "{location} is not at {expected}");
    let (to, meant) = (Url::parse(location).expect("a URL"), Url::parse(&expected).expect("a URL"));
    assert_eq!((to.origin(), to.path()), (meant.origin(), meant.path()), "{location}");
    let words: Vec<_> = to.query_pairs().collect();
    assert!(words[words.len() - 3..].iter().map(|(name, _)| name).eq(["outcome", "reason", "reference"]), "{location}");
}

/// Checks that people may be sent to a URL: TLS or this machine, and nothing of a login.
fn is_for_people(text: &str) -> Url {
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
    let url = Url::parse(text).expect("a URL");
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    assert!(url.scheme() == "https" || url.scheme() == "http" && here, "{text}");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{text}");
    url
}
