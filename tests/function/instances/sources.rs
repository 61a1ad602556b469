//! Where the SDK's settings come from: the environment, and nowhere else.

use std::process::Command;
use std::time::Duration;

use appfabric_emulator::appfabric::Status;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::stage::{ENOUGH, Stage, code, told};
use crate::support::granted;

#[tokio::test]
#[ignore = "needs the release binary: BOOTSTRAP=… cargo test -- --ignored"]
async fn neither_a_profile_nor_a_metadata_service_is_asked() {
    let stage = Stage::new().await;
    stage.seed(1, Status::PENDING_CONNECT);
    let service = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let service_url = format!("http://{}", service.local_addr().expect("an address"));
    // Nobody writes into it, so whoever opens it to read waits for good.
    let home = std::env::temp_dir().join(format!("appfabric-connect-{}", Uuid::new_v4()));
    let profiles = home.join(".aws/config");
    std::fs::create_dir_all(home.join(".aws")).expect("a folder");
    assert!(Command::new("mkfifo").arg(&profiles).status().expect("mkfifo").success());
    let profiles = profiles.to_str().expect("plain text");
    // Also where the environment has no credentials.
    for (key, ending) in [("", ("failed", Some("temporarily_unavailable"))), ("AKIDEXAMPLE", ("connected", None))] {
        let function = stage
            .function()
            .variable("AWS_ACCESS_KEY_ID", key)
            .variable("HOME", home.to_str().expect("plain text"))
            .variable("AWS_PROFILE", "somebody")
            .variable("AWS_CONFIG_FILE", profiles)
            .variable("AWS_SHARED_CREDENTIALS_FILE", profiles)
            .variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", service_url.as_str())
            .variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", service_url.as_str());
        let instance = function.start().await.expect("it can be started");
        assert_eq!(told(&instance, &granted(1, &code()), ENOUGH, 1).await.ending(), ending, "{key}");
        let asked = tokio::time::timeout(Duration::from_millis(100), service.accept()).await;
        assert!(asked.is_err(), "{key}: {asked:?}");
    }
    std::fs::remove_dir_all(&home).expect("it is ours");
}
