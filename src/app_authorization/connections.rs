//! The connections of this deployment: `APP_AUTHORIZATIONS`, and what may be named without it.

use std::collections::{BTreeMap, HashMap};

use super::{AppAuthorization, AppAuthorizationArn, Region, Uuid};

/// Which app authorizations a path may name.
#[derive(Debug)]
pub enum Connections {
    /// `APP_AUTHORIZATIONS` is set: these and nothing else.
    Listed(AllowList),
    /// Any UUID pair in this Region and any ARN in a Region that has `AppFabric`; IAM decides the rest.
    Any {
        /// `APPFABRIC_REGION`, else `AWS_REGION`.
        region: Region,
    },
}

/// `APP_AUTHORIZATIONS`, ready to be asked by alias and by UUIDs.
#[derive(Debug, Default)]
pub struct AllowList {
    by_alias: BTreeMap<Alias, AppAuthorizationArn>,
    alias_by_uuids: HashMap<(Uuid, Uuid), Alias>,
}

/// The name of a listed app authorization: `[a-z0-9][a-z0-9-]{0,62}`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Alias(Box<str>);

/// An app authorization that may be connected, and its public name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Connection {
    /// The alias where there is one, else the app authorization's UUID.
    pub name: String,
    /// What is connected.
    pub app_authorization: AppAuthorization,
}

impl Connections {
    /// Finds what the path's segments after `/callback` name; none for malformed ones and for what is not listed.
    #[must_use]
    pub fn find(&self, segments: &[&str]) -> Option<Connection> {
        match *segments {
            [alias] => self.by_alias(&Alias::parse(alias)?),
            [app_bundle, app_authorization] => self.by_uuids(Uuid::parse(app_bundle)?, Uuid::parse(app_authorization)?),
            [_, _, "appauthorization", _] => self.by_arn(AppAuthorizationArn::parse(&segments.join("/"))?),
            _ => None,
        }
    }

    fn by_alias(&self, alias: &Alias) -> Option<Connection> {
        match self {
            Self::Listed(list) => {
                let app_authorization = AppAuthorization::Arn(list.by_alias.get(alias)?.clone());
                Some(Connection { name: alias.0.to_string(), app_authorization })
            }
            Self::Any { .. } => None,
        }
    }

    fn by_uuids(&self, app_bundle: Uuid, app_authorization: Uuid) -> Option<Connection> {
        match self {
            Self::Listed(list) => self.by_alias(list.alias_by_uuids.get(&(app_bundle, app_authorization))?),
            Self::Any { region } => Some(Connection {
                name: app_authorization.as_str().to_owned(),
                app_authorization: AppAuthorization::Uuids { region: region.clone(), app_bundle, app_authorization },
            }),
        }
    }

    fn by_arn(&self, arn: AppAuthorizationArn) -> Option<Connection> {
        match self {
            Self::Listed(_) => self
                .by_uuids(arn.app_bundle().clone(), arn.app_authorization().clone())
                .filter(|listed| listed.app_authorization == AppAuthorization::Arn(arn)),
            // A caller may not choose just any host name to be called: a closed set of Regions.
            Self::Any { region } if arn.region().has_appfabric() || arn.region() == region => Some(Connection {
                name: arn.app_authorization().as_str().to_owned(),
                app_authorization: AppAuthorization::Arn(arn),
            }),
            Self::Any { .. } => None,
        }
    }
}

impl AllowList {
    /// Lists app authorizations; the first alias of one, in alphabetical order, is its public name.
    #[must_use]
    pub fn new(by_alias: BTreeMap<Alias, AppAuthorizationArn>) -> Self {
        let mut alias_by_uuids = HashMap::with_capacity(by_alias.len());
        for (alias, arn) in &by_alias {
            let uuids = (arn.app_bundle().clone(), arn.app_authorization().clone());
            alias_by_uuids.entry(uuids).or_insert_with(|| alias.clone());
        }
        Self { by_alias, alias_by_uuids }
    }
}

impl Alias {
    /// Reads an alias; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let well_formed = matches!(text.len(), 1..=63) && !text.starts_with('-') && text.bytes().all(plain);
        well_formed.then(|| Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    const SLACK: &str = "11111111-2222-4333-8444-555555555555";
    const OKTA: &str = "66666666-7777-4888-8999-aaaaaaaaaaaa";

    fn arn(region: &str, authorization: &str) -> AppAuthorizationArn {
        AppAuthorizationArn::parse(&format!(
            "arn:aws:appfabric:{region}:123456789012:appbundle/{BUNDLE}/appauthorization/{authorization}"
        ))
        .unwrap()
    }

    fn any() -> Connections {
        Connections::Any { region: Region::parse("us-east-1").unwrap() }
    }

    fn listed() -> Connections {
        let entries = ["slack", "chat"].map(|alias| (Alias::parse(alias).unwrap(), arn("eu-west-1", SLACK)));
        Connections::Listed(AllowList::new(entries.into()))
    }

    fn find(connections: &Connections, path: &str) -> Option<(String, String, String)> {
        let connection = connections.find(&path.split('/').collect::<Vec<_>>())?;
        let app_authorization = connection.app_authorization;
        let region = app_authorization.region().as_str().to_owned();
        Some((connection.name, region, app_authorization.app_authorization_identifier()))
    }

    #[test]
    fn without_a_list_uuids_and_arns_are_named_and_aliases_are_not() {
        let named = |name: &str, region: &str, identifier: &str| {
            Some((name.to_owned(), region.to_owned(), identifier.to_owned()))
        };
        assert_eq!(find(&any(), &format!("{BUNDLE}/{SLACK}")), named(SLACK, "us-east-1", SLACK));
        let slack = arn("eu-west-1", SLACK);
        assert_eq!(find(&any(), slack.as_str()), named(SLACK, "eu-west-1", slack.as_str()));
        for unknown in [
            "slack".to_owned(),
            String::new(),
            format!("{BUNDLE}/../{SLACK}"),
            format!("{BUNDLE}/%2e%2e"),
            format!("{}/{SLACK}", BUNDLE.to_uppercase()),
            format!("{BUNDLE}/{SLACK}x"),
            format!("{BUNDLE}%2F{SLACK}"),
            arn("us-east-2", SLACK).as_str().to_owned(),
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
            (slack.as_str().to_owned(), "chat"),
        ] {
            let expected = Some((name.to_owned(), "eu-west-1".to_owned(), slack.as_str().to_owned()));
            assert_eq!(find(&listed(), &path), expected, "{path}");
        }
        for unlisted in [
            "okta".to_owned(),
            format!("{BUNDLE}/{OKTA}"),
            arn("us-east-1", SLACK).as_str().to_owned(),
            slack.as_str().replace("123456789012", "210987654321"),
        ] {
            assert_eq!(find(&listed(), &unlisted), None, "{unlisted}");
        }
    }

    #[test]
    fn an_alias_is_short_and_plain() {
        let longest = "a".repeat(63);
        for right in ["a", "0", "slack-eu", "a-", longest.as_str()] {
            assert!(Alias::parse(right).is_some(), "{right}");
        }
        let too_long = "a".repeat(64);
        for wrong in ["", "-a", "Slack", "a_b", "a b", "é", too_long.as_str()] {
            assert_eq!(Alias::parse(wrong), None, "{wrong}");
        }
    }
}
