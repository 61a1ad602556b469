//! The set-up of the AWS SDK, which every cold start pays for: configuration, HTTP client and trusted roots.

use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Limited;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// The roots of every AWS endpoint: Amazon Trust Services' own five.
///
/// Embedded, because reading the system's hundred and more roots costs more than the rest of a cold start.
/// Source: <https://www.amazontrust.com/repository/>
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// How long a kept connection is used again.
///
/// While an instance is frozen, its connections end without notice: the far side closes them, or a NAT gateway drops
/// idle ones. A code that is sent on such a connection is lost, and the function cannot know that it was not spent.
/// Within a callback, and between callbacks that follow closely, no connection is idle for so long. After it a new one
/// is made, which takes two round trips. The clock (`CLOCK_MONOTONIC`) keeps running while the process is frozen.
const IDLE: Duration = Duration::from_secs(5);

/// The longest answer that is read, in bytes; a longer one counts as unreadable.
///
/// The SDK reads an answer to its end. An endless one fills the memory and kills the function after it sent the code.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// `AWS_CA_BUNDLE`: the roots to trust instead of Amazon's, for example behind a proxy that decrypts TLS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaBundle(String);

/// The configuration from the standard variables: endpoints, credentials from the environment and nowhere else (no
/// profile, no metadata service), TLS by rustls with ring.
#[expect(clippy::missing_panics_doc, reason = "it never does: nothing in the TLS context can be refused")]
pub async fn from_environment(ca_bundle: Option<&CaBundle>) -> SdkConfig {
    let roots = ca_bundle.map_or(AMAZON_ROOTS, |CaBundle(pem)| pem);
    let trusted = TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(roots)).build();
    let http = aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(IDLE)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(trusted.expect("nothing in it can be refused"));
    // Replaces the files in ~/.aws; no file is opened.
    let no_profiles = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "").build();
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .profile_files(no_profiles)
        .http_client(Unrehearsed(http.build_https()))
        // Every call has its own time limit, however slowly its bytes come; this would be a second limit.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // Every call sets its own attempts. Without it, the SDK panics at an AWS_MAX_ATTEMPTS or AWS_RETRY_MODE that it
        // cannot read.
        .retry_config(RetryConfig::standard())
        .credentials_provider(aws_config::environment::EnvironmentVariableCredentialsProvider::new())
        // Every call names its own Region; without one here the SDK would ask the metadata service for it.
        .region(aws_config::Region::from_static("us-east-1"))
        .load()
        .await;
    let endpoints = Endpoints(sdk.clone());
    sdk.into_builder().service_config(endpoints).build()
}

/// The error code of a call that was not sent, because there are no credentials.
pub(crate) const NO_CREDENTIALS: &str = "NoCredentials";

/// Whether a call was not sent, because there are no credentials.
pub(crate) fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(<dyn Error>::is::<CredentialsError>)
}

/// The endpoints of `AWS_ENDPOINT_URL…`, without the empty ones: those count as not set, and the SDK would panic.
#[derive(Debug)]
struct Endpoints(SdkConfig);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        self.0.service_config()?.load_config(key).filter(|url| !url.is_empty())
    }
}

/// The SDK's HTTP client, without its trial run. For each client of a service, that reads the roots and sets up TLS
/// again and discards it, which costs a cold start 200 thousand instructions each. Its answers are limited in size.
#[derive(Debug)]
struct Unrehearsed(SharedHttpClient);

/// A connector whose answers end with an error after [`LONGEST_ANSWER`] bytes.
#[derive(Debug)]
struct Limiting(SharedHttpConnector);

impl HttpClient for Unrehearsed {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Limiting(self.0.http_connector(settings, components)))
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

impl HttpConnector for Limiting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        let limited = |body| SdkBody::from_body_1_x(Limited::new(body, LONGEST_ANSWER));
        HttpConnectorFuture::new(async move { Ok(answer.await?.map(limited)) })
    }
}

impl CaBundle {
    /// Reads certificates in PEM. It leaves out anything that is not an authority's certificate, and returns `None` if
    /// nothing is left.
    ///
    /// The HTTP client would panic at a certificate that it cannot read, with a person waiting.
    pub fn parse(pem: &[u8]) -> Option<Self> {
        let readable = CertificateDer::pem_slice_iter(pem).flatten();
        let readable = readable.filter(|certificate| webpki::anchor_from_trusted_cert(certificate).is_ok());
        let pem: String = readable.map(|certificate| as_pem(&certificate)).collect();
        (!pem.is_empty()).then_some(Self(pem))
    }
}

fn as_pem(certificate: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64_STANDARD.encode(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_five_roots_are_embedded() {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(AMAZON_ROOTS.as_bytes()).collect();
        let names = ["Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4"];
        let names = names.iter().chain(&["Starfield Services Root Certificate Authority - G2"]);
        assert_eq!(roots.len(), 5);
        for (root, name) in roots.into_iter().zip(names) {
            let root = root.unwrap();
            let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
            assert!(anchor.subject.windows(name.len()).any(|part| part == name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_bundle_keeps_what_can_be_read() {
        let (amazon, garbage) = (AMAZON_ROOTS, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        let bundle = CaBundle::parse(format!("# mine\n{garbage}{amazon}").as_bytes()).unwrap();
        assert_eq!(CertificateDer::pem_slice_iter(bundle.0.as_bytes()).flatten().count(), 5);
        for nothing in ["", "certificate", garbage, "-----BEGIN CERTIFICATE-----\n"] {
            assert_eq!(CaBundle::parse(nothing.as_bytes()), None, "{nothing}");
        }
    }
}
