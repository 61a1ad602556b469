//! Requests that satisfy the service model.

use serde_json::Value;
use url::form_urlencoded;

use super::{
    authorization::{Credential, Secret, Tenant},
    errors::Failure,
    route::{Operation, Route},
    validation::{Object, Reader, Shape},
};

const OUT_OF_RANGE: &str = "Member must have value between 1 and 100, inclusive";

/// A request as it came: everything that an operation reads from.
#[derive(Clone)]
pub(super) struct Incoming {
    pub(super) route: Route,
    pub(super) query: Option<String>,
    pub(super) body: Vec<u8>,
}

/// `ConnectAppAuthorizationRequest`, less its identifiers.
pub(super) struct Connect {
    pub(super) auth_request: Option<AuthRequest>,
}

/// `AuthRequest`
pub(super) struct AuthRequest {
    pub(super) redirect_uri: String,
    pub(super) code: String,
}

/// `CreateAppAuthorizationRequest`, less its identifier.
pub(super) struct Create {
    pub(super) app: String,
    pub(super) tenant: Tenant,
    pub(super) credential: Credential,
    pub(super) client_token: Option<String>,
}

/// `UpdateAppAuthorizationRequest`, less its identifiers.
pub(super) struct Update {
    pub(super) tenant: Option<Tenant>,
    pub(super) credential: Option<Credential>,
}

/// `CreateAppBundleRequest`
pub(super) struct CreateBundle {
    pub(super) client_token: Option<String>,
    pub(super) customer_managed_key: Option<String>,
}

/// `maxResults` and `nextToken` of a list operation.
pub(super) struct Page {
    pub(super) size: usize,
    /// Everything up to and with this number was on earlier pages.
    pub(super) after: u64,
}

impl Incoming {
    /// Reads a request of which only the identifiers matter.
    pub(super) fn identifiers(&self) -> Result<(), Failure> {
        self.reader().finish(())
    }

    /// Reads a Connect; `redirect_uri` is the shape that redirect URIs must have.
    pub(super) fn connect(&self, redirect_uri: Shape) -> Result<Connect, Failure> {
        let body = self.body()?;
        let body = Object::body(&body)?;
        let mut reader = self.reader();
        let auth_request = match body.object("authRequest")? {
            None => None,
            Some(request) => Some(AuthRequest {
                redirect_uri: reader.required(&request, "redirectUri", redirect_uri)?,
                code: reader.required(&request, "code", Shape::STRING_2048)?,
            }),
        };
        reader.finish(Connect { auth_request })
    }

    /// Reads a `CreateAppAuthorization`.
    pub(super) fn create(&self) -> Result<Create, Failure> {
        let body = self.body()?;
        let body = Object::body(&body)?;
        let mut reader = self.reader();
        let app = reader.required(&body, "app", Shape::STRING_255)?;
        let credential = credential(&mut reader, &body)?;
        if credential.is_none() {
            reader.missing("credential");
        }
        let tenant = tenant(&mut reader, &body)?;
        if tenant.is_none() {
            reader.missing("tenant");
        }
        let auth_type = reader.required(&body, "authType", Shape::AUTH_TYPE)?;
        let client_token = reader.optional(&body, "clientToken", Shape::UUID)?;
        tags(&mut reader, &body)?;

        let (credential, tenant) = reader.finish(credential.zip(tenant))?.ok_or(Failure::Other("Unreadable."))?;
        if credential.auth_type() != auth_type {
            return Err(Failure::Other("The credential does not match the authType."));
        }
        Ok(Create { app, tenant, credential, client_token })
    }

    /// Reads an `UpdateAppAuthorization`.
    pub(super) fn update(&self) -> Result<Update, Failure> {
        let body = self.body()?;
        let body = Object::body(&body)?;
        let mut reader = self.reader();
        let update = Update { credential: credential(&mut reader, &body)?, tenant: tenant(&mut reader, &body)? };
        reader.finish(update)
    }

    /// Reads a `CreateAppBundle`.
    pub(super) fn create_bundle(&self) -> Result<CreateBundle, Failure> {
        let body = self.body()?;
        let body = Object::body(&body)?;
        let mut reader = self.reader();
        let client_token = reader.optional(&body, "clientToken", Shape::UUID)?;
        let customer_managed_key = reader.optional(&body, "customerManagedKeyIdentifier", Shape::IDENTIFIER)?;
        tags(&mut reader, &body)?;
        reader.finish(CreateBundle { client_token, customer_managed_key })
    }

    /// Reads the page that a list operation asks for.
    pub(super) fn page(&self) -> Result<Page, Failure> {
        let mut reader = self.reader();
        let (mut size, mut token) = (50, None);
        for (name, value) in form_urlencoded::parse(self.query.as_deref().unwrap_or_default().as_bytes()) {
            match &*name {
                "maxResults" => {
                    let number: i64 =
                        value.parse().map_err(|_| Failure::CannotParse("maxResults must be an integer.".to_owned()))?;
                    match usize::try_from(number) {
                        Ok(number @ 1..=100) => size = number,
                        _ => reader.error("maxResults", OUT_OF_RANGE.to_owned()),
                    }
                }
                "nextToken" => {
                    reader.text("nextToken", &value, Shape::STRING_2048);
                    token = Some(value.into_owned());
                }
                _ => {}
            }
        }
        reader.finish(())?;
        let after = match token {
            None => 0,
            Some(token) => {
                u64::from_str_radix(&token, 16).map_err(|_| Failure::Other("The nextToken is not valid."))?
            }
        };
        Ok(Page { size, after })
    }

    /// A reader that has judged the identifiers in the path.
    fn reader(&self) -> Reader {
        let mut reader = Reader::default();
        let (has_bundle, has_authorization) = match self.route.operation {
            Operation::Connect | Operation::Get | Operation::Update | Operation::Delete => (true, true),
            Operation::Create | Operation::List | Operation::GetBundle | Operation::DeleteBundle => (true, false),
            Operation::CreateBundle | Operation::ListBundles => (false, false),
        };
        if has_bundle {
            reader.text("appBundleIdentifier", &self.route.bundle, Shape::IDENTIFIER);
        }
        if has_authorization {
            reader.text("appAuthorizationIdentifier", &self.route.authorization, Shape::IDENTIFIER);
        }
        reader
    }

    /// The body as JSON; nothing at all is an empty structure.
    fn body(&self) -> Result<Value, Failure> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.body)
            .map_err(|_| Failure::CannotParse("The request body could not be parsed as JSON.".to_owned()))
    }
}

/// `Credential`: a union, so exactly one member.
fn credential(reader: &mut Reader, body: &Object<'_>) -> Result<Option<Credential>, Failure> {
    let Some(union) = body.object("credential")? else { return Ok(None) };
    if union.has("oauth2Credential") == union.has("apiKeyCredential") {
        return Err(Failure::CannotParse("credential must have exactly one member.".to_owned()));
    }
    if let Some(oauth2) = union.object("oauth2Credential")? {
        let client_id = reader.required(&oauth2, "clientId", Shape::STRING_2048)?;
        let client_secret = Secret::new(reader.required(&oauth2, "clientSecret", Shape::STRING_2048)?);
        return Ok(Some(Credential::Oauth2 { client_id, client_secret }));
    }
    let Some(api_key) = union.object("apiKeyCredential")? else { return Ok(None) };
    Ok(Some(Credential::ApiKey(Secret::new(reader.required(&api_key, "apiKey", Shape::STRING_2048)?))))
}

fn tenant(reader: &mut Reader, body: &Object<'_>) -> Result<Option<Tenant>, Failure> {
    let Some(tenant) = body.object("tenant")? else { return Ok(None) };
    Ok(Some(Tenant {
        tenant_identifier: reader.required(&tenant, "tenantIdentifier", Shape::TENANT_IDENTIFIER)?,
        tenant_display_name: reader.required(&tenant, "tenantDisplayName", Shape::STRING_2048)?,
    }))
}

/// `TagList`: judged, and then forgotten, since no operation here reads tags.
fn tags(reader: &mut Reader, body: &Object<'_>) -> Result<(), Failure> {
    let tags = body.objects("tags")?;
    if tags.len() > 50 {
        reader.error("tags", "Member must have length between 0 and 50, inclusive".to_owned());
    }
    for tag in tags {
        reader.required(&tag, "key", Shape::TAG_KEY)?;
        reader.required(&tag, "value", Shape::TAG_VALUE)?;
    }
    Ok(())
}
