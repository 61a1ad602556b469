//! The environment, read once: every setting as a type, or every fault at once.

mod settings;

use std::fmt;

use crate::aws::{CaBundle, FlowTable};
use crate::values::{AllowList, Connections, Region, ResultPage, StateMode};

pub use settings::{BaseUrl, PageUrl};

/// Everything that a deployment can choose.
#[derive(Debug)]
pub struct Config {
    /// `SUCCESS_URL`; without it, the built-in page.
    pub success_url: Option<PageUrl>,
    /// `PENDING_URL`; without it, the built-in page.
    pub pending_url: Option<PageUrl>,
    /// `FAILURE_URL`; without it, the built-in page.
    pub failure_url: Option<PageUrl>,
    /// `PUBLIC_BASE_URL`; without it, the address that API Gateway sends in each event.
    pub public_base_url: Option<BaseUrl>,
    /// `APP_AUTHORIZATIONS`, `APPFABRIC_REGION` and `AWS_REGION`: the app authorizations that a path may name.
    pub(crate) connections: Connections,
    /// `ORGANISATION_NAME`: who asks; plain text.
    pub organisation_name: Option<String>,
    /// `FLOW_TABLE`; without it, the memory of this process.
    pub flow_table: Option<FlowTable>,
    /// `STATE_MODE`: what happens to a callback without a valid `state`.
    pub state_mode: StateMode,
    /// `AWS_CA_BUNDLE`; without it, Amazon's own roots.
    pub ca_bundle: Option<CaBundle>,
}

/// One thing that is wrong: which variable, and what to do. Never the variable's value.
#[derive(Debug, Eq, PartialEq)]
pub struct Fault {
    /// The environment variable.
    pub variable: &'static str,
    /// What is wrong with it and what it takes.
    pub problem: String,
}

impl Config {
    /// Reads the variables through `lookup`, or returns every fault. A variable that is set but
    /// empty counts as not set.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader { lookup, faults: Vec::new() };
        let own_region = reader.parse("AWS_REGION", settings::region);
        let config = Self {
            success_url: reader.parse("SUCCESS_URL", PageUrl::parse),
            pending_url: reader.parse("PENDING_URL", PageUrl::parse),
            failure_url: reader.parse("FAILURE_URL", PageUrl::parse),
            public_base_url: reader.parse("PUBLIC_BASE_URL", BaseUrl::parse),
            organisation_name: reader.parse("ORGANISATION_NAME", settings::organisation_name),
            connections: reader.connections(own_region.as_ref()),
            flow_table: reader.flow_table(own_region),
            state_mode: reader.state_mode(),
            ca_bundle: reader.parse("AWS_CA_BUNDLE", settings::ca_bundle),
        };
        for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            reader.parse(variable, settings::credential);
        }
        reader.parse("AWS_ENDPOINT_URL", settings::endpoint_url);
        reader.parse("AWS_ENDPOINT_URL_APPFABRIC", settings::endpoint_url);
        reader.parse("AWS_ENDPOINT_URL_DYNAMODB", settings::endpoint_url);
        if reader.faults.is_empty() { Ok(config) } else { Err(reader.faults) }
    }

    /// The configured page for an outcome; without it, the built-in one.
    pub fn page_url(&self, page: ResultPage) -> Option<&PageUrl> {
        match page {
            ResultPage::Connected => self.success_url.as_ref(),
            ResultPage::Pending => self.pending_url.as_ref(),
            ResultPage::Failed => self.failure_url.as_ref(),
        }
    }
}

/// Reads variables and collects what is wrong with them.
struct Reader<L> {
    lookup: L,
    faults: Vec<Fault>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn text(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).filter(|value| !value.is_empty())
    }

    fn parse<T>(&mut self, variable: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match parse(&self.text(variable)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.fault(variable, problem);
                None
            }
        }
    }

    fn fault(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.faults.push(Fault { variable, problem: problem.into() });
    }

    fn connections(&mut self, own_region: Option<&Region>) -> Connections {
        let faults_before = self.faults.len();
        let explicit = self.parse("APPFABRIC_REGION", settings::region);
        // A placeholder. It is discarded, because the configuration is rejected; and it admits nothing.
        let nothing = || Connections::Listed(AllowList::default());
        if self.text("APP_AUTHORIZATIONS").is_some() {
            return self.parse("APP_AUTHORIZATIONS", settings::app_authorizations).unwrap_or_else(nothing);
        }
        let region = explicit.or_else(|| own_region.cloned());
        if region.is_none() && self.faults.len() == faults_before && self.text("AWS_REGION").is_none() {
            self.fault("AWS_REGION", "is not set; set it or APPFABRIC_REGION to the Region to call");
        }
        region.map_or_else(nothing, |region| Connections::Any { region })
    }

    fn flow_table(&mut self, own_region: Option<Region>) -> Option<FlowTable> {
        let name = self.parse("FLOW_TABLE", settings::table_name)?;
        if own_region.is_none() && !self.faults.iter().any(|fault| fault.variable == "AWS_REGION") {
            self.fault("AWS_REGION", "is not set; set it to the Region of the FLOW_TABLE");
        }
        own_region.map(|region| FlowTable { name, region })
    }

    fn state_mode(&mut self) -> StateMode {
        let table = self.text("FLOW_TABLE").is_some();
        match self.text("STATE_MODE").as_deref() {
            None | Some("enforce") if table => StateMode::Enforce,
            Some("report") if table => StateMode::Report,
            None | Some("off") => StateMode::Off,
            Some("report" | "enforce") => {
                self.fault("STATE_MODE", "needs FLOW_TABLE; use `off` without one");
                StateMode::Enforce
            }
            Some(_) => {
                self.fault("STATE_MODE", "is none of `off`, `report`, `enforce`");
                StateMode::Enforce
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.problem)
    }
}

#[cfg(test)]
mod tests;
