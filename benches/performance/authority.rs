//! A chain of certificates like that of an AWS endpoint: a root, an intermediate authority, a host.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, Error, IsCa, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A root, and the TLS of a server on localhost whose certificate comes from it by way of an intermediate authority.
pub(crate) struct Authority {
    /// The root, in PEM.
    pub(crate) root: String,
    /// What the server shows: its own certificate and the intermediate one.
    pub(crate) server: ServerConfig,
}

impl Authority {
    /// New keys, all P-256. Those of AWS are RSA for whoever takes both, and somewhat cheaper to verify.
    pub(crate) fn random() -> Result<Self, Error> {
        let root = CertifiedIssuer::self_signed(authority(), KeyPair::generate()?)?;
        let intermediate = CertifiedIssuer::signed_by(authority(), KeyPair::generate()?, &root)?;
        let key = KeyPair::generate()?;
        let host = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &intermediate)?;
        let chain = vec![host.der().clone(), intermediate.der().clone()];
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let server = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private);
        Ok(Self { root: root.pem(), server: server.expect("the key is the certificate's") })
    }
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}
