//! What a test starts and asks.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, ToSocketAddrs},
    task::{JoinHandle, JoinSet},
};
use url::Url;

use super::{
    arn::{AuthorizationArn, BundleArn, Region},
    authorization::{Authorization, Status},
    calls::{Call, Listener},
    errors::Failure,
    faults::{Fault, Script, Target},
    operations::{Shared, locked},
    redeem,
    route::Operation,
    server,
    state::{Record, State},
    validation::Shape,
};

/// Where the application is: the authorization server that AppFabric is a client of.
#[derive(Clone, Debug)]
pub struct Application {
    /// Where `authUrl` points.
    pub authorization_endpoint: Url,
    /// Where a Connect spends its code: plain `http`.
    pub token_endpoint: Url,
}

/// An AppFabric that is not running yet.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    loopback_http: bool,
    application: Option<Application>,
    listener: Listener,
}

impl Builder {
    /// Whether redirect URIs may also be `http` on `127.0.0.1` or `localhost`, which AppFabric itself refuses.
    #[must_use]
    pub fn loopback_http(self, admitted: bool) -> Self {
        Self { loopback_http: admitted, ..self }
    }

    /// The application behind every app authorization. Without one, any code connects, each of them once.
    #[must_use]
    pub fn application(self, application: Application) -> Self {
        Self { application: Some(application), ..self }
    }

    /// Calls `on_call` for each call, before its answer leaves, with the status of the app authorization that it names.
    ///
    /// It is also called when the connection is closed without an answer, but not when the call hangs.
    #[must_use]
    pub fn on_call(self, on_call: impl Fn(&Call, Option<&Status>) + Send + Sync + 'static) -> Self {
        Self { listener: Listener::new(on_call), ..self }
    }

    /// Listens, on the current Tokio runtime.
    pub async fn start(self, address: impl ToSocketAddrs) -> io::Result<AppFabric> {
        let redirect_uri = if self.loopback_http { Shape::LOOPBACK_REDIRECT_URI } else { Shape::REDIRECT_URI };
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            faults: Mutex::default(),
            calls: Mutex::default(),
            listener: self.listener,
            redirect_uri,
            application: self.application,
            nowhere: Url::parse("https://application.invalid/authorize").map_err(io::Error::other)?,
            client: redeem::client(),
        });
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let serving = Arc::clone(&shared);
        let server = tokio::spawn(async move {
            let _never = server::serve(listener, serving).await;
        });
        Ok(AppFabric { address, shared, server, accepted: Mutex::default() })
    }
}

/// A running AppFabric. It ends, with all its connections, when this is dropped.
pub struct AppFabric {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
    accepted: Mutex<JoinSet<()>>,
}

impl AppFabric {
    /// An AppFabric to be started.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The endpoint URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves a connection that is not a socket, such as one end of a pipe, on the current Tokio runtime.
    pub fn accept(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let mut accepted = locked(&self.accepted);
        while accepted.try_join_next().is_some() {}
        accepted.spawn(server::connection(stream, Arc::clone(&self.shared)));
    }

    /// The Region's app bundle, made if there is none.
    #[must_use]
    pub fn create_bundle(&self, region: Region) -> BundleArn {
        let mut state = locked(&self.shared.state);
        let found = state.bundles.iter().find(|bundle| bundle.arn.region() == region).map(|bundle| bundle.arn.clone());
        found.unwrap_or_else(|| state.add_bundle(BundleArn::random(region)).arn.clone())
    }

    /// A new app authorization in the Region's app bundle, which is made if there is none. No quota applies.
    #[must_use]
    pub fn create_authorization(&self, region: Region, authorization: Authorization) -> AuthorizationArn {
        let arn = AuthorizationArn::random(self.create_bundle(region));
        self.seed(&arn, authorization);
        arn
    }

    /// Puts an app authorization with exactly this ARN, and its app bundle if there is none. No quota applies.
    pub fn seed(&self, arn: &AuthorizationArn, authorization: Authorization) {
        locked(&self.shared.state).seed(arn, authorization);
    }

    /// An app authorization's status, if there is such a one.
    #[must_use]
    pub fn status_of(&self, arn: &AuthorizationArn) -> Option<Status> {
        let mut state = locked(&self.shared.state);
        find(&mut state, arn).ok().map(|record| record.status.clone())
    }

    /// Changes an app authorization's status, if there is such a one.
    pub fn set_status(&self, arn: &AuthorizationArn, status: Status) {
        let mut state = locked(&self.shared.state);
        if let Ok(record) = find(&mut state, arn) {
            record.set_status(status);
        }
    }

    /// Changes when an app authorization was last changed, if there is such a one.
    pub fn set_updated_at(&self, arn: &AuthorizationArn, at: SystemTime) {
        let mut state = locked(&self.shared.state);
        if let Ok(record) = find(&mut state, arn) {
            record.updated_at = at.into();
        }
    }

    /// Whether this code has connected an app authorization, where no application judges codes.
    #[must_use]
    pub fn has_spent(&self, arn: &AuthorizationArn, code: &str) -> bool {
        let mut state = locked(&self.shared.state);
        find(&mut state, arn).is_ok_and(|record| record.spent.contains(code))
    }

    /// Puts a fault at the end of the queue.
    pub fn fault(&self, target: impl Into<Target>, operation: Operation, fault: impl Into<Fault>) {
        let script = Script { target: target.into(), operation, fault: fault.into() };
        locked(&self.shared.faults).push(script);
    }

    /// Empties the queue of faults.
    pub fn clear_faults(&self) {
        locked(&self.shared.faults).clear();
    }

    /// Every AppFabric call so far, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.shared.calls).all()
    }

    /// The calls of one operation so far, oldest first.
    #[must_use]
    pub fn calls_of(&self, operation: Operation) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.operation == Some(operation)).collect()
    }

    /// Empties the log.
    pub fn clear_calls(&self) {
        locked(&self.shared.calls).clear();
    }
}

impl Drop for AppFabric {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for AppFabric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppFabric").field("address", &self.address).finish_non_exhaustive()
    }
}

fn find<'a>(state: &'a mut State, arn: &AuthorizationArn) -> Result<&'a mut Record, Failure> {
    state.authorization(arn.bundle().region(), arn.bundle().uuid(), arn.uuid())
}
