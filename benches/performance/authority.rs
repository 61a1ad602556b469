//! A chain of certificates like that of an AWS endpoint: a root, an intermediate authority, a host, all RSA of 2,048 bits.

use std::io;
use std::process::Command;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The names of this machine that the server's certificate is for.
pub(crate) const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

/// A root, and the TLS of a server on this machine whose certificate comes from it by way of an intermediate authority.
pub(crate) struct Authority {
    /// The root, in PEM.
    pub(crate) root: String,
    /// What the server shows: its own certificate and the intermediate one.
    pub(crate) server: ServerConfig,
}

impl Authority {
    /// New keys and certificates.
    pub(crate) fn random() -> io::Result<Self> {
        let root = CertifiedIssuer::self_signed(authority("root"), key()?).map_err(io::Error::other)?;
        let intermediate = CertifiedIssuer::signed_by(authority("intermediate"), key()?, &root);
        let intermediate = intermediate.map_err(io::Error::other)?;
        let key = key()?;
        let host = CertificateParams::new(HOSTS.map(str::to_owned)).map_err(io::Error::other)?;
        let host = host.signed_by(&key, &intermediate).map_err(io::Error::other)?;
        let chain = vec![host.der().clone(), intermediate.der().clone()];
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        // Name the crypto provider, so that a function that is built with another one can be measured, too.
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let server = server.with_safe_default_protocol_versions().expect("ring has ciphers for them");
        let server = server.with_no_client_auth().with_single_cert(chain, private);
        Ok(Self { root: root.pem(), server: server.expect("the key is the certificate's") })
    }
}

/// Each authority has its own name: if two share one, both are tried, and one signature is verified for nothing.
fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A new key; ring cannot make RSA ones.
fn key() -> io::Result<KeyPair> {
    let generate = ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let made = Command::new("openssl").args(generate).output()?;
    KeyPair::from_pem(&String::from_utf8_lossy(&made.stdout)).map_err(io::Error::other)
}
