//! A scene: one JSON file with app authorizations to create and the faults that their calls meet.

use serde::Deserialize;

use super::{
    arn::{AuthorizationArn, NotAnArn},
    authorization::{Authorization, Status},
    emulator::AppFabric,
    faults::{Fault, Target},
    route::Operation,
};

/// What `--scene` reads: `{"authorizations": [{"arn", "app", "status"?, "faults"?: [{"operation", "fault"}]}]}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    authorizations: Vec<Actor>,
}

/// One app authorization of a scene.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Actor {
    arn: String,
    app: String,
    status: Option<Status>,
    #[serde(default)]
    faults: Vec<Cue>,
}

/// One fault of an actor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cue {
    operation: Operation,
    fault: Fault,
}

impl AppFabric {
    /// Sets a scene up.
    pub fn play(&self, scene: &Scene) -> Result<(), NotAnArn> {
        for actor in &scene.authorizations {
            let arn: AuthorizationArn = actor.arn.parse()?;
            let status = actor.status.clone().unwrap_or(Status::PENDING_CONNECT);
            self.seed(&arn, Authorization::oauth2(actor.app.clone()).status(status));
            for cue in &actor.faults {
                self.fault(Target::from(&arn), cue.operation, cue.fault.clone());
            }
        }
        Ok(())
    }
}
