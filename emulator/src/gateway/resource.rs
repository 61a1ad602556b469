//! Resources of an API: `/connected`, `/callback/{proxy+}`.

/// The resources of an API, most specific first.
#[derive(Clone, Debug)]
pub struct Resources(Vec<String>);

impl Resources {
    /// Resources in API Gateway's notation, where `{name}` is one segment and `{name+}` is the rest of the path.
    pub fn new<T: Into<String>>(templates: impl IntoIterator<Item = T>) -> Self {
        let mut templates: Vec<String> = templates.into_iter().map(Into::into).collect();
        templates.sort_by(|a, b| a.split('/').map(Segment::parse).cmp(b.split('/').map(Segment::parse)));
        Self(templates)
    }

    /// The most specific resource that a path belongs to.
    pub(super) fn matching<'a>(&'a self, path: &str) -> Option<Match<'a>> {
        self.0.iter().find_map(|template| Match::of(template, path))
    }
}

impl Default for Resources {
    /// The routes of this project's template.
    fn default() -> Self {
        Self::new(["/callback/{proxy+}", "/connect/{proxy+}", "/connected", "/failed", "/flows", "/pending"])
    }
}

/// A resource and what its parameters stand for in a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match<'a> {
    pub(super) template: &'a str,
    pub(super) parameters: Vec<(&'a str, String)>,
}

impl<'a> Match<'a> {
    fn of(template: &'a str, path: &str) -> Option<Self> {
        let mut rest = Some(path.strip_prefix('/')?);
        let mut parameters = Vec::new();
        for segment in template.strip_prefix('/')?.split('/') {
            let remaining = rest?;
            let (here, after) =
                remaining.split_once('/').map_or((remaining, None), |(here, after)| (here, Some(after)));
            rest = after;
            match Segment::parse(segment) {
                Segment::Static(text) if text == here => {}
                Segment::Parameter(name) if !here.is_empty() => parameters.push((name, here.to_owned())),
                Segment::Greedy(name) if !remaining.is_empty() => {
                    parameters.push((name, remaining.to_owned()));
                    rest = None;
                }
                Segment::Static(_) | Segment::Parameter(_) | Segment::Greedy(_) => return None,
            }
        }
        rest.is_none().then_some(Self { template, parameters })
    }
}

/// One segment of a resource, in API Gateway's order of preference.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Static(&'a str),
    Parameter(&'a str),
    Greedy(&'a str),
}

impl<'a> Segment<'a> {
    fn parse(segment: &'a str) -> Self {
        match segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
            None => Self::Static(segment),
            Some(name) => name.strip_suffix('+').map_or(Self::Parameter(name), Self::Greedy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_resource_wins_and_a_greedy_one_takes_the_rest() {
        let resources = Resources::new(["/{any+}", "/callback/{proxy+}", "/connect/{flow}", "/connect/help"]);
        let table = [
            ("/callback/slack", "/callback/{proxy+}", Some(("proxy", "slack"))),
            ("/callback/a/b%2Fc", "/callback/{proxy+}", Some(("proxy", "a/b%2Fc"))),
            ("/callback", "/{any+}", Some(("any", "callback"))),
            ("/callback/", "/{any+}", Some(("any", "callback/"))),
            ("/connect/help", "/connect/help", None),
            ("/connect/1", "/connect/{flow}", Some(("flow", "1"))),
            ("/connect/1/2", "/{any+}", Some(("any", "connect/1/2"))),
        ];
        for (path, template, parameter) in table {
            let parameters = parameter.map(|(name, value)| (name, value.to_owned())).into_iter().collect();
            assert_eq!(resources.matching(path), Some(Match { template, parameters }), "{path}");
        }
        assert_eq!(resources.matching("/"), None);
        assert_eq!(resources.matching("no slash"), None);
    }
}
