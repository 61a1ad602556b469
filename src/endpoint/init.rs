//! What init does for the first callback, beside waiting for it.

use std::time::{Duration, SystemTime};

use super::Endpoint;
use crate::budget::Budget;
use crate::config::StateMode;

impl Endpoint {
    /// Makes the client that the first callback needs, as long as there is a whole processor: a small function has a tenth
    /// of one later. It is the client of one Region, which nearly every deployment has.
    ///
    /// Where the table is asked first (`enforce`), a connection to AppFabric is opened meanwhile: init and the first answer
    /// together are then two round trips shorter, 164 ms in place of 210 ms with services that are 20 ms away. Nobody waits
    /// for it, and nothing depends on it. No other connection is opened ahead: what is asked first would find it half made,
    /// make one of its own, and pay for two.
    pub async fn prepare(&self) {
        let Some(region) = self.config.connections.likeliest_region() else { return };
        self.appfabric.prepare(region);
        if self.config.state_mode == StateMode::Enforce {
            let time = Budget::new(SystemTime::now(), Duration::MAX).for_first_look();
            self.appfabric.open_connection(region, time).await;
        }
    }
}
