use super::*;

const ARN: &str = "arn:aws:appfabric:eu-west-1:123456789012:appbundle/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d/appauthorization/11111111-2222-4333-8444-555555555555";

fn read(variables: &[(&str, &str)]) -> Result<Config, Vec<Fault>> {
    Config::from_environment(|name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    })
}

/// All faults in one text.
fn told(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn assert_fault(variable: &str, value: &str, expected: &str) {
    let faults = read(&[("AWS_REGION", "us-east-1"), (variable, value)]).expect_err(value);
    assert_eq!(faults.iter().map(Fault::to_string).collect::<Vec<_>>(), [format!("{variable} {expected}")], "{value}");
}

#[test]
fn the_least_environment_is_lambdas_own() {
    let config =
        read(&[("AWS_REGION", "eu-west-1"), ("SUCCESS_URL", ""), ("FLOW_TABLE", ""), ("STATE_MODE", "")]).unwrap();
    assert_eq!(config.success_url, None);
    assert_eq!(config.public_base_url, None);
    assert_eq!(config.flow_table, None);
    assert!(matches!(config.connections, Connections::Any { region } if region.as_str() == "eu-west-1"));
}

#[test]
fn the_fullest_environment_is_read() {
    let list = format!(r#"{{"slack": "{ARN}"}}"#);
    let config = read(&[
        ("SUCCESS_URL", "https://example.com/done?lang=en"),
        ("PENDING_URL", "https://example.com"),
        ("FAILURE_URL", "http://127.0.0.1:8080/failed"),
        ("PUBLIC_BASE_URL", "https://Connect.example.com/base/"),
        ("APP_AUTHORIZATIONS", &list),
        ("APPFABRIC_REGION", "us-east-1"),
        ("AWS_REGION", "eu-central-1"),
        ("ORGANISATION_NAME", "Müller & Söhne"),
        ("FLOW_TABLE", "appfabric-connect_Codes.1"),
        ("STATE_MODE", "off"),
        ("AWS_ENDPOINT_URL_APPFABRIC", "http://127.0.0.1:4566"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000"),
    ])
    .unwrap();
    let page = |page| config.page_url(page).map(PageUrl::as_str);
    assert_eq!(page(ResultPage::Connected), Some("https://example.com/done?lang=en"));
    assert_eq!(page(ResultPage::Pending), Some("https://example.com/"));
    assert_eq!(page(ResultPage::Failed), Some("http://127.0.0.1:8080/failed"));
    assert_eq!(config.public_base_url.as_ref().map(BaseUrl::as_str), Some("https://Connect.example.com/base"));
    assert_eq!(config.organisation_name.as_deref(), Some("Müller & Söhne"));
    assert_eq!(config.connections.find(&["slack"]).unwrap().name, "slack");
    let table = config.flow_table.unwrap();
    assert_eq!((table.name.as_str(), table.region.as_str()), ("appfabric-connect_Codes.1", "eu-central-1"));
}

#[test]
fn appfabric_region_wins_over_the_functions_own() {
    let config = read(&[("AWS_REGION", "eu-central-1"), ("APPFABRIC_REGION", "eu-west-1")]).unwrap();
    assert!(matches!(config.connections, Connections::Any { region } if region.as_str() == "eu-west-1"));
}

#[test]
fn every_fault_is_told_at_once_and_no_value_is_repeated() {
    let error = read(&[
        ("SUCCESS_URL", "http://example.com/canary"),
        ("FAILURE_URL", "https://user:canary@example.com/"),
        ("PUBLIC_BASE_URL", "https://example.com/?canary"),
        ("APP_AUTHORIZATIONS", r#"{"slack": "canary"}"#),
        ("STATE_MODE", "canary"),
        ("FLOW_TABLE", "canary"),
    ])
    .unwrap_err();
    assert_eq!(
        told(&error),
        "\
         SUCCESS_URL must begin with `https://` (`http://` for a loopback host only); \
         FAILURE_URL must hold no credentials; \
         PUBLIC_BASE_URL must have no query; \
         APP_AUTHORIZATIONS has faults: alias `slack` is not given the ARN of an app authorization; \
         AWS_REGION is not set; set it to the Region of the FLOW_TABLE; \
         STATE_MODE is none of `off`, `report`, `enforce`"
    );
}

#[test]
fn a_page_url_is_absolute_secure_and_plain() {
    let scheme = "must begin with `https://` (`http://` for a loopback host only)";
    let ascii = "has a space, a backslash, or a character outside ASCII; write it percent-encoded or in punycode";
    for (value, expected) in [
        ("/done", "is no absolute URL (relative URL without a base)"),
        ("https://", "is no absolute URL (empty host)"),
        ("http://example.com/", scheme),
        ("http://127.0.0.1.example.com/", scheme),
        ("javascript:alert(1)", scheme),
        ("https:example.com", scheme),
        ("https://example.com/#top", "must have no fragment"),
        ("https://user@example.com/", "must hold no credentials"),
        ("https://example.com/a b", ascii),
        ("https:\\\\example.com", ascii),
        ("https://exämple.com/", ascii),
        ("https://example.com/\r\nSet-Cookie:a", ascii),
    ] {
        assert_fault("SUCCESS_URL", value, expected);
    }
    assert_fault("FAILURE_URL", &format!("https://example.com/{}", "a".repeat(5_000)), "is longer than 2048 bytes");
}

#[test]
fn a_base_url_fits_a_redirect_uri() {
    let charset = "has a character that AppFabric takes in no redirect URI (`%`, `[`, `]`, …)";
    assert_fault("PUBLIC_BASE_URL", "https://example.com/%61", charset);
    assert_fault("PUBLIC_BASE_URL", "http://[::1]:3000", charset);
    assert_fault("PUBLIC_BASE_URL", "https://example.com/#a", "must have no fragment");
    assert_fault("PUBLIC_BASE_URL", &format!("https://example.com/{}", "a".repeat(1_000)), "is longer than 800 bytes");
}

#[test]
fn the_list_of_app_authorizations_is_an_object_of_aliases_to_arns() {
    let twice = format!(r#"{{"slack": "{ARN}", "slack": "{ARN}"}}"#);
    let bad_alias = format!(r#"{{"Slack": "{ARN}", "okta": "arn:aws:s3:::x"}}"#);
    for (value, expected) in [
        ("slack", "is not JSON (line 1, column 1)"),
        (r#"{"slack":"#, "is not JSON (line 1, column 9)"),
        ("{} {}", "is not JSON (line 1, column 4)"),
        ("[]", "must be a JSON object of alias to ARN, both texts"),
        (r#"{"slack": 7}"#, "must be a JSON object of alias to ARN, both texts"),
        (&twice, "has faults: alias `slack` stands twice"),
        (
            &bad_alias,
            "has faults: entry 1's alias is not `[a-z0-9][a-z0-9-]{0,62}`, alias `okta` is not given the ARN of an app authorization",
        ),
    ] {
        assert_fault("APP_AUTHORIZATIONS", value, expected);
    }
}

#[test]
fn other_settings_name_what_they_take() {
    assert_fault("ORGANISATION_NAME", &"é".repeat(101), "is longer than 100 characters");
    assert_fault("ORGANISATION_NAME", "a\nb", "has a control character");
    assert_fault("APPFABRIC_REGION", "Ireland", "is not the name of a Region, such as us-east-1");
    for variable in ["AWS_ENDPOINT_URL_APPFABRIC", "AWS_ENDPOINT_URL_DYNAMODB"] {
        assert_fault(variable, "127.0.0.1:4566", "is no absolute http or https URL");
    }
    assert_fault("AWS_CA_BUNDLE", "/no/such/file", "names a file that cannot be read (entity not found)");
    assert_fault("AWS_CA_BUNDLE", file!(), "names a file without a certificate of an authority in PEM");
    assert_fault("STATE_MODE", "enforce", "needs FLOW_TABLE; use `off` without one");
    assert_fault("STATE_MODE", "report", "needs FLOW_TABLE; use `off` without one");
    assert_eq!(
        told(&read(&[]).unwrap_err()),
        "AWS_REGION is not set; set it or APPFABRIC_REGION to the Region to call"
    );
}

#[test]
fn a_table_has_a_name_and_a_region_and_lets_state_be_enforced() {
    let problem = "is not the name of a DynamoDB table (`[a-zA-Z0-9_.-]{3,255}`)";
    for name in ["ab", "a b c", "arn:aws:dynamodb:us-east-1:123456789012:table/codes", "codes/..", &"a".repeat(256)] {
        let error = read(&[("AWS_REGION", "us-east-1"), ("FLOW_TABLE", name), ("STATE_MODE", "off")]).unwrap_err();
        assert_eq!(told(&error), format!("FLOW_TABLE {problem}"), "{name}");
    }
    let list = format!(r#"{{"slack": "{ARN}"}}"#);
    for (region, problem) in [
        ("", "is not set; set it to the Region of the FLOW_TABLE"),
        ("canary", "is not the name of a Region, such as us-east-1"),
    ] {
        let variables = [
            ("APP_AUTHORIZATIONS", list.as_str()),
            ("FLOW_TABLE", "codes"),
            ("STATE_MODE", "off"),
            ("AWS_REGION", region),
        ];
        assert_eq!(told(&read(&variables).unwrap_err()), format!("AWS_REGION {problem}"));
    }
    for (mode, expected) in [
        ("", StateMode::Enforce),
        ("enforce", StateMode::Enforce),
        ("report", StateMode::Report),
        ("off", StateMode::Off),
    ] {
        let config = read(&[("AWS_REGION", "us-east-1"), ("FLOW_TABLE", "codes"), ("STATE_MODE", mode)]).unwrap();
        assert_eq!(config.state_mode, expected, "{mode}");
    }
    assert_eq!(read(&[("AWS_REGION", "us-east-1")]).unwrap().state_mode, StateMode::Off);
}

#[test]
fn the_longest_is_still_taken_and_one_more_is_not() {
    let page = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
    let name = |length: usize| "é".repeat(length);
    for (variable, longest, too_long, expected) in [
        ("FAILURE_URL", page(2_048), page(2_049), "is longer than 2048 bytes"),
        ("PUBLIC_BASE_URL", page(800), page(801), "is longer than 800 bytes"),
        ("ORGANISATION_NAME", name(100), name(101), "is longer than 100 characters"),
    ] {
        assert!(read(&[("AWS_REGION", "us-east-1"), (variable, &longest)]).is_ok(), "{variable}");
        assert_fault(variable, &too_long, expected);
    }
}

#[test]
fn a_credential_has_nothing_that_a_header_has_not() {
    for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        for value in ["AKIDEXAMPLE\n", "a b", "ü", "\u{1}"] {
            assert_fault(variable, value, "has a space, a control character, or a character outside ASCII");
        }
        assert!(read(&[("AWS_REGION", "us-east-1"), (variable, "4/access+key~=")]).is_ok(), "{variable}");
    }
}

#[test]
fn an_endpoint_is_http_and_nothing_else() {
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_APPFABRIC", "AWS_ENDPOINT_URL_DYNAMODB"] {
        for value in ["ftp://127.0.0.1:4566", "mailto:a@example.com"] {
            assert_fault(variable, value, "is no absolute http or https URL");
        }
    }
}
