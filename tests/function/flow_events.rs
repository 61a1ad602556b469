//! Each file of `events/flows/`, through the function: a flow begins, or is refused; a link that was never given out.

use crate::expected::{base_url, set_stage};
use crate::support::{answer, endpoint, header, json, root};
use appfabric_emulator::appfabric::{AppFabric, Operation};
use serde_json::Value;

#[tokio::test]
async fn every_flow_event_is_read_as_its_name_says() {
    let mut read = Vec::new();
    for folder in ["http", "rest"] {
        for (name, status, content_type, looks) in [
            ("button_pressed", 404, "text/html; charset=utf-8", 0),
            ("flow_begun", 201, "application/json", 1),
            ("flow_unsigned", 403, "application/problem+json", 0),
            ("link_opened", 404, "text/html; charset=utf-8", 0),
        ] {
            let file = format!("{folder}-{name}.json");
            let event = json(&root().join("events/flows").join(&file));
            let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
            set_stage(&appfabric);
            let response = answer(&endpoint(&[], &appfabric.url()), &event).await;
            assert_eq!(
                (&response["statusCode"], header(&response, "content-type")),
                (&status.into(), content_type),
                "{file}"
            );
            let body = response["body"].as_str().expect("a body");
            if status == 201 {
                let body: Value = serde_json::from_str(body).expect("JSON");
                let link = body["connectUrl"].as_str().and_then(|url| url.strip_prefix(base_url(folder)));
                let secret = link.and_then(|link| link.strip_prefix("/connect/"));
                assert_eq!(secret.map(str::len), Some(64), "{file}: {body}");
            }
            let calls = appfabric.calls().len();
            assert_eq!((calls, appfabric.calls_of(Operation::Get).len()), (looks, looks), "{file}");
            read.push(file);
        }
    }
    let files = std::fs::read_dir(root().join("events/flows")).expect("there are events");
    let mut files: Vec<String> =
        files.map(|file| file.expect("a folder can be listed").file_name().to_string_lossy().into_owned()).collect();
    files.sort();
    assert_eq!(files, read);
}
