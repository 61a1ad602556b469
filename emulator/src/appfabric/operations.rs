//! What each operation does.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use url::Url;

use super::{
    arn::{ACCOUNT, Region},
    authorization::{Authorization, Credential, Status},
    calls::{Calls, Listener},
    emulator::Application,
    errors::Failure,
    faults::Faults,
    model::{AppAuthorization, AppAuthorizationSummary, AppBundle, AppBundleSummary},
    redeem,
    reply::Reply,
    requests::{AuthRequest, Incoming},
    route::Operation,
    state::{ClientToken, State},
    validation::Shape,
};

/// What every call shares.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) faults: Mutex<Faults>,
    pub(super) calls: Mutex<Calls>,
    pub(super) listener: Listener,
    /// The shape of a redirect URI.
    pub(super) redirect_uri: Shape,
    /// The application's stand-in; without one, any code connects once.
    pub(super) application: Option<Application>,
    /// Where `authUrl` points when there is no stand-in.
    pub(super) nowhere: Url,
    pub(super) client: redeem::Client,
}

/// The lock, even if its last holder panicked.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Does what is asked.
    pub(super) async fn perform(&self, region: Region, request: &Incoming) -> Reply {
        let done = match request.route.operation {
            Operation::Connect => self.connect(region, request).await,
            Operation::Get => self.read(region, request),
            Operation::Create => self.create(region, request),
            Operation::Update => self.update(region, request),
            Operation::Delete => self.delete(region, request),
            Operation::List => self.list(region, request),
            Operation::CreateBundle => self.create_bundle(region, request),
            Operation::GetBundle => self.read_bundle(region, request),
            Operation::DeleteBundle => self.delete_bundle(region, request),
            Operation::ListBundles => self.list_bundles(region, request),
        };
        done.unwrap_or_else(Failure::reply)
    }

    /// Answers a Connect with the authorization as it is, without spending anything.
    pub(super) fn summary(&self, region: Region, request: &Incoming) -> Reply {
        let mut state = locked(&self.state);
        match state.authorization(region, &request.route.bundle, &request.route.authorization) {
            Ok(record) => {
                Reply::json(200, json!({ "appAuthorizationSummary": AppAuthorizationSummary::from(&*record) }))
            }
            Err(failure) => failure.reply(),
        }
    }

    async fn connect(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        let connect = request.connect(self.redirect_uri)?;
        let (bundle, authorization) = (&request.route.bundle, &request.route.authorization);
        let credential = locked(&self.state).authorization(region, bundle, authorization)?.credential.clone();
        if let Credential::Oauth2 { client_id, client_secret } = credential {
            let auth_request = connect.auth_request.ok_or_else(|| Failure::missing("authRequest"))?;
            match &self.application {
                None => self.spend(region, request, auth_request)?,
                Some(application) => {
                    let endpoint = &application.token_endpoint;
                    redeem::redeem(&self.client, endpoint, &auth_request, &client_id, &client_secret).await?;
                }
            }
        }
        // Look again, under a new lock: the authorization may have been deleted while the application answered.
        let mut state = locked(&self.state);
        let record = state.authorization(region, bundle, authorization)?;
        record.set_status(Status::CONNECTED);
        Ok(Reply::json(200, json!({ "appAuthorizationSummary": AppAuthorizationSummary::from(&*record) })))
    }

    /// Spends a code once, when there is no application to ask.
    fn spend(&self, region: Region, request: &Incoming, auth_request: AuthRequest) -> Result<(), Failure> {
        let mut state = locked(&self.state);
        let record = state.authorization(region, &request.route.bundle, &request.route.authorization)?;
        if record.spent.insert(auth_request.code) {
            Ok(())
        } else {
            Err(Failure::Other("The authorization code has been used before."))
        }
    }

    fn read(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        request.identifiers()?;
        let mut state = locked(&self.state);
        let record = state.authorization(region, &request.route.bundle, &request.route.authorization)?;
        let read = AppAuthorization::read(record, self.authorization_endpoint());
        Ok(Reply::json(200, json!({ "appAuthorization": read })))
    }

    fn create(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        let create = request.create()?;
        let token = create.client_token.map(|token| ClientToken::new(token, &request.body));
        let authorization = Authorization {
            app: create.app,
            tenant: create.tenant,
            credential: create.credential,
            status: Status::PENDING_CONNECT,
        };
        let mut state = locked(&self.state);
        let record = state.create_authorization(region, &request.route.bundle, authorization, token)?;
        let created = AppAuthorization::read(record, self.authorization_endpoint());
        Ok(Reply::json(201, json!({ "appAuthorization": created })))
    }

    fn update(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        let update = request.update()?;
        let mut state = locked(&self.state);
        let record = state.authorization(region, &request.route.bundle, &request.route.authorization)?;
        if let Some(credential) = update.credential {
            if credential.auth_type() != record.credential.auth_type() {
                return Err(Failure::Other("The credential does not match the authType."));
            }
            record.credential = credential;
        }
        if let Some(tenant) = update.tenant {
            record.tenant = tenant;
        }
        if record.status == Status::CONNECTED {
            record.status = Status::PENDING_CONNECT;
        }
        record.touch();
        let updated = AppAuthorization::read(record, self.authorization_endpoint());
        Ok(Reply::json(200, json!({ "appAuthorization": updated })))
    }

    fn delete(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        request.identifiers()?;
        locked(&self.state).delete_authorization(region, &request.route.bundle, &request.route.authorization)?;
        Ok(Reply::no_content())
    }

    fn list(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        let page = request.page()?;
        let mut state = locked(&self.state);
        let bundle = state.bundle(region, &request.route.bundle)?;
        let rest: Vec<_> = bundle.authorizations.iter().filter(|record| record.number > page.after).collect();
        let shown = &rest[..rest.len().min(page.size)];
        let summaries: Vec<_> = shown.iter().map(|record| AppAuthorizationSummary::from(*record)).collect();
        let mut body = json!({ "appAuthorizationSummaryList": summaries });
        if let Some(last) = shown.last()
            && shown.len() < rest.len()
        {
            body["nextToken"] = Value::String(format!("{:016x}", last.number));
        }
        Ok(Reply::json(200, body))
    }

    fn create_bundle(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        let create = request.create_bundle()?;
        let token = create.client_token.map(|token| ClientToken::new(token, &request.body));
        let key_arn = create
            .customer_managed_key
            .map(|key| if key.starts_with("arn:") { key } else { format!("arn:aws:kms:{region}:{ACCOUNT}:key/{key}") });
        let mut state = locked(&self.state);
        let bundle = state.create_bundle(region, key_arn, token)?;
        Ok(Reply::json(201, json!({ "appBundle": AppBundle::from(bundle) })))
    }

    fn read_bundle(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        request.identifiers()?;
        let mut state = locked(&self.state);
        let bundle = state.bundle(region, &request.route.bundle)?;
        Ok(Reply::json(200, json!({ "appBundle": AppBundle::from(&*bundle) })))
    }

    fn delete_bundle(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        request.identifiers()?;
        locked(&self.state).delete_bundle(region, &request.route.bundle)?;
        Ok(Reply::no_content())
    }

    fn list_bundles(&self, region: Region, request: &Incoming) -> Result<Reply, Failure> {
        request.page()?;
        let state = locked(&self.state);
        let bundles = state.bundles.iter().filter(|bundle| bundle.arn.region() == region);
        // One per Region, or as many as a test has seeded: always one page.
        let summaries: Vec<_> = bundles.map(AppBundleSummary::from).collect();
        Ok(Reply::json(200, json!({ "appBundleSummaryList": summaries })))
    }

    fn authorization_endpoint(&self) -> &Url {
        self.application.as_ref().map_or(&self.nowhere, |application| &application.authorization_endpoint)
    }
}
