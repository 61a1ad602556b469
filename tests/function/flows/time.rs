//! When a link dies and when a browser's ownership ends: a second before, at the moment, a second after.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::site::{Browser, PAYLOADS, Request, Site};

/// A second before a moment, the moment, a second after.
fn around(moment: SystemTime) -> [(SystemTime, bool); 3] {
    let second = Duration::from_secs(1);
    [(moment - second, true), (moment, false), (moment + second, false)]
}

/// When a link dies, to the second.
fn end(site: &Site, minutes: u64) -> SystemTime {
    let end = site.now() + Duration::from_mins(minutes);
    SystemTime::UNIX_EPOCH + Duration::from_secs(end.duration_since(SystemTime::UNIX_EPOCH).expect("later").as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_link_opens_until_its_end_and_not_at_it() {
    for payload in PAYLOADS {
        for minutes in [1, 60, 1_440] {
            let site = Site::enforcing(payload).await;
            let moment = end(&site, minutes);
            let link = site.link(&json!({ "connection": "slack", "expiresInMinutes": minutes })).await;
            for (now, alive) in around(moment) {
                site.set_clock(now);
                let expected = if alive { [200, 303] } else { [410, 410] };
                let browser = Browser::default();
                let opened = browser.open(&site, &link).await;
                assert_eq!(opened.status(), expected[0], "{minutes} min");
                assert_eq!(alive, !opened.body().contains("This link has expired"), "{minutes} min");
                assert_eq!(browser.press(&site, &link).await.status(), expected[1], "{minutes} min");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_is_good_until_its_links_end_and_not_at_it() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        for at in 0..3 {
            let moment = end(&site, 5);
            let link = site.link(&json!({ "connection": "slack", "expiresInMinutes": 5 })).await;
            let browser = Browser::default();
            let pressed = browser.consent(&site, &link).await;
            let (now, alive) = around(moment)[at];
            let cookies = browser.cookies(site.now());
            site.set_clock(now);
            site.disconnect();
            site.calls();
            let answer = browser.return_with(&site, &pressed, &format!("code-{at}")).await;
            let expected = if alive { None } else { Some("link_expired".to_owned()) };
            assert_eq!((answer.ending().1, site.calls()), (expected, if alive { [0, 1, 1] } else { [0, 0, 0] }));
            if alive {
                // What was in time has its answer, however late it comes again, in a browser that keeps cookies too long.
                site.set_clock(moment + Duration::from_secs(1));
                let late = Request::callback(&pressed.callback, &format!("code-{at}"), &[&pressed.state]);
                assert_eq!(site.send(&late.cookies(cookies)).await.ending().0, "connected");
                assert_eq!(site.calls(), [0, 0, 0]);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_owns_its_link_for_ten_minutes() {
    for payload in PAYLOADS {
        for at in 0..3 {
            let site = Site::enforcing(payload).await;
            let link = site.link(&json!({ "connection": "slack" })).await;
            let (owner, other) = (Browser::default(), Browser::default());
            let pressed = owner.consent(&site, &link).await;
            let (now, is_held) = around(site.now() + Duration::from_mins(10))[at];
            site.set_clock(now);
            assert_eq!(other.open(&site, &link).await.status(), if is_held { 410 } else { 200 });
            assert_eq!(other.press(&site, &link).await.status(), if is_held { 410 } else { 303 });
            // Its cookie lives as long as the link, so what it was given is still good.
            assert_eq!(owner.return_with(&site, &pressed, "code").await.ending().0, "connected");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_press_gives_ten_minutes_more() {
    let site = Site::enforcing(PAYLOADS[0]).await;
    let link = site.link(&json!({ "connection": "slack" })).await;
    let (owner, other) = (Browser::default(), Browser::default());
    let first = owner.consent(&site, &link).await;
    for _ in 0..4 {
        site.wait(Duration::from_mins(9));
        owner.consent(&site, &link).await;
    }
    assert_eq!(other.press(&site, &link).await.status(), 410);
    // 36 minutes after the first press, its state is as good as the last one's.
    assert_eq!(owner.return_with(&site, &first, "code").await.ending().0, "connected");
}
