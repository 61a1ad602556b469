//! Which roots TLS trusts: Amazon's, or only those in the file that `AWS_CA_BUNDLE` names.

use std::sync::Arc;

use appfabric_connect::aws::AppFabric as OurAppFabric;
use appfabric_connect::aws::{self, CaBundle};
use appfabric_connect::http::Endpoint;
use appfabric_emulator::appfabric::{AppFabric, Status};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::expected::{CONNECTED, TEMPORARILY_UNAVAILABLE, location};
use crate::support::{answer, arn, config, granted, header, stage};

/// An AppFabric that speaks TLS, as a host whose certificate comes from a root by way of an intermediate authority.
struct Https {
    appfabric: Arc<AppFabric>,
    url: String,
    root: String,
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

async fn https() -> Https {
    let key = || KeyPair::generate().expect("a key");
    let root = CertifiedIssuer::self_signed(authority(), key()).expect("a root");
    let intermediate = CertifiedIssuer::signed_by(authority(), key(), &root).expect("an authority");
    let host_key = key();
    let host = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let host = host.signed_by(&host_key, &intermediate).expect("a certificate");
    let chain = vec![host.der().clone(), intermediate.der().clone()];
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(host_key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private).expect("they fit");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    let appfabric = Arc::new(stage().await);
    let served = Arc::clone(&appfabric);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, served) = (acceptor.clone(), Arc::clone(&served));
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    served.accept(stream);
                }
            });
        }
    });
    Https { appfabric, url, root: root.pem() }
}

#[tokio::test]
async fn the_bundle_is_trusted_and_without_it_amazon_alone() {
    let (https, other) = (https().await, https().await);
    let bundle = |pem: &str| CaBundle::parse(pem.as_bytes()).expect("a certificate");
    for (name, bundle, expected, calls) in [
        ("its own root", Some(bundle(&https.root)), CONNECTED, 2),
        ("both roots", Some(bundle(&format!("{}{}", other.root, https.root))), CONNECTED, 2),
        ("another root", Some(bundle(&other.root)), TEMPORARILY_UNAVAILABLE, 0),
        ("Amazon's roots", None, TEMPORARILY_UNAVAILABLE, 0),
    ] {
        let nobody = Credentials::new("AKIDEXAMPLE", "example", None, None, "test");
        let sdk = aws::from_environment(bundle.as_ref()).await.into_builder().endpoint_url(&https.url);
        let sdk = sdk.credentials_provider(SharedCredentialsProvider::new(nobody)).build();
        let endpoint = Endpoint::new(config(&[]), OurAppFabric::new(sdk), None);
        let response = answer(&endpoint, &granted(1, &name.replace(' ', "-"))).await;
        assert_eq!(header(&response, "location"), location(expected, 1), "{name}");
        assert_eq!(https.appfabric.calls().len(), calls, "{name}");
        https.appfabric.clear_calls();
        https.appfabric.set_status(&arn(1), Status::PENDING_CONNECT);
    }
}
