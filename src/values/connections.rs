//! Which app authorizations a path may name: those of `APP_AUTHORIZATIONS`, or any that IAM allows.

use std::collections::{BTreeMap, HashMap};

use crate::values::{AppAuthorization, Region, Uuid};

/// Which app authorizations a path may name.
#[derive(Debug)]
pub(crate) enum Connections {
    /// `APP_AUTHORIZATIONS` is set: these and no other.
    Listed(AllowList),
    /// Any UUID pair in this Region, and any ARN in a Region that has AppFabric; IAM decides the rest.
    Any {
        /// `APPFABRIC_REGION`, else `AWS_REGION`.
        region: Region,
    },
}

/// `APP_AUTHORIZATIONS`, indexed by alias and by UUIDs.
#[derive(Debug, Default)]
pub(crate) struct AllowList {
    by_alias: BTreeMap<String, AppAuthorization>,
    alias_by_uuids: HashMap<(Uuid, Uuid), String>,
}

/// An app authorization that may be connected, and its public name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Connection {
    /// The alias where there is one, else the app authorization's UUID.
    pub(crate) name: String,
    /// The app authorization itself.
    pub(crate) app_authorization: AppAuthorization,
}

impl Connections {
    /// Finds what the path's segments after `/callback` name; `None` for malformed ones and for what is not listed.
    pub(crate) fn find(&self, segments: &[&str]) -> Option<Connection> {
        match *segments {
            [alias] => self.by_alias(alias),
            [app_bundle, app_authorization] => self.by_uuids(Uuid::parse(app_bundle)?, Uuid::parse(app_authorization)?),
            [_, _, "appauthorization", _] => self.by_arn(AppAuthorization::parse_arn(&segments.join("/"))?),
            _ => None,
        }
    }

    fn by_alias(&self, alias: &str) -> Option<Connection> {
        let Self::Listed(list) = self else { return None };
        Some(Connection { name: alias.to_owned(), app_authorization: list.by_alias.get(alias)?.clone() })
    }

    fn by_uuids(&self, app_bundle: Uuid, app_authorization: Uuid) -> Option<Connection> {
        match self {
            Self::Listed(list) => self.by_alias(list.alias_by_uuids.get(&(app_bundle, app_authorization))?),
            Self::Any { region } => {
                Some(Connection::unnamed(AppAuthorization::new(region.clone(), app_bundle, app_authorization)))
            }
        }
    }

    fn by_arn(&self, named: AppAuthorization) -> Option<Connection> {
        match self {
            Self::Listed(_) => {
                let (app_bundle, app_authorization) = named.uuids();
                let listed = self.by_uuids(app_bundle.clone(), app_authorization.clone());
                listed.filter(|listed| listed.app_authorization == named)
            }
            // The Region is part of the host that is called, so a caller may choose from a closed set only.
            Self::Any { region } => {
                (named.region().has_appfabric() || named.region() == region).then(|| Connection::unnamed(named))
            }
        }
    }
}

impl Connection {
    fn unnamed(app_authorization: AppAuthorization) -> Self {
        Self { name: app_authorization.uuids().1.as_str().to_owned(), app_authorization }
    }
}

impl AllowList {
    /// Lists app authorizations. The first alias of one, in alphabetical order, is its public name.
    pub(crate) fn new(by_alias: BTreeMap<String, AppAuthorization>) -> Self {
        let mut alias_by_uuids = HashMap::with_capacity(by_alias.len());
        for (alias, listed) in &by_alias {
            let (app_bundle, app_authorization) = listed.uuids();
            alias_by_uuids.entry((app_bundle.clone(), app_authorization.clone())).or_insert_with(|| alias.clone());
        }
        Self { by_alias, alias_by_uuids }
    }
}

/// Whether a text is an alias: `[a-z0-9][a-z0-9-]{0,62}`.
pub(crate) fn is_alias(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    matches!(text.len(), 1..=63) && !text.starts_with('-') && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    const SLACK: &str = "11111111-2222-4333-8444-555555555555";
    const OKTA: &str = "66666666-7777-4888-8999-aaaaaaaaaaaa";

    fn arn(region: &str, authorization: &str) -> String {
        format!("arn:aws:appfabric:{region}:123456789012:appbundle/{BUNDLE}/appauthorization/{authorization}")
    }

    fn any() -> Connections {
        Connections::Any { region: Region::parse("us-east-1").unwrap() }
    }

    fn listed() -> Connections {
        let slack = || AppAuthorization::parse_arn(&arn("eu-west-1", SLACK)).unwrap();
        Connections::Listed(AllowList::new(["slack", "chat"].map(|alias| (alias.to_owned(), slack())).into()))
    }

    fn find(connections: &Connections, path: &str) -> Option<(String, String, String)> {
        let connection = connections.find(&path.split('/').collect::<Vec<_>>())?;
        let app_authorization = connection.app_authorization;
        let region = app_authorization.region().as_str().to_owned();
        Some((connection.name, region, app_authorization.app_authorization_identifier().to_owned()))
    }

    #[test]
    fn without_a_list_uuids_and_arns_are_named_and_aliases_are_not() {
        let named = |name: &str, region: &str, identifier: &str| {
            Some((name.to_owned(), region.to_owned(), identifier.to_owned()))
        };
        assert_eq!(find(&any(), &format!("{BUNDLE}/{SLACK}")), named(SLACK, "us-east-1", SLACK));
        let slack = arn("eu-west-1", SLACK);
        assert_eq!(find(&any(), &slack), named(SLACK, "eu-west-1", &slack));
        for unknown in [
            "slack".to_owned(),
            String::new(),
            format!("{BUNDLE}/../{SLACK}"),
            format!("{BUNDLE}/%2e%2e"),
            format!("{}/{SLACK}", BUNDLE.to_uppercase()),
            format!("{BUNDLE}/{SLACK}x"),
            format!("{BUNDLE}%2F{SLACK}"),
            arn("us-east-2", SLACK),
        ] {
            assert_eq!(find(&any(), &unknown), None, "{unknown}");
        }
    }

    #[test]
    fn with_a_list_nothing_else_is_named_and_the_alias_is_the_name() {
        let slack = arn("eu-west-1", SLACK);
        for (path, name) in [
            ("slack".to_owned(), "slack"),
            ("chat".to_owned(), "chat"),
            (format!("{BUNDLE}/{SLACK}"), "chat"),
            (slack.clone(), "chat"),
        ] {
            let expected = Some((name.to_owned(), "eu-west-1".to_owned(), slack.clone()));
            assert_eq!(find(&listed(), &path), expected, "{path}");
        }
        for unlisted in [
            "okta".to_owned(),
            format!("{BUNDLE}/{OKTA}"),
            arn("us-east-1", SLACK),
            slack.replace("123456789012", "210987654321"),
        ] {
            assert_eq!(find(&listed(), &unlisted), None, "{unlisted}");
        }
    }

    #[test]
    fn an_alias_is_short_and_plain() {
        let longest = "a".repeat(63);
        for right in ["a", "0", "slack-eu", "a-", longest.as_str()] {
            assert!(is_alias(right), "{right}");
        }
        let too_long = "a".repeat(64);
        for wrong in ["", "-a", "Slack", "a_b", "a b", "é", too_long.as_str()] {
            assert!(!is_alias(wrong), "{wrong}");
        }
    }
}
