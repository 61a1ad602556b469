//! What AppFabric refuses, and how that looks on the wire.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::reply::Reply;

/// An exception of the service model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exception {
    /// `AccessDeniedException`, 403
    #[serde(rename = "AccessDeniedException")]
    AccessDenied,
    /// `ConflictException`, 409
    #[serde(rename = "ConflictException")]
    Conflict,
    /// `InternalServerException`, 500
    #[serde(rename = "InternalServerException")]
    InternalServer,
    /// `ResourceNotFoundException`, 404
    #[serde(rename = "ResourceNotFoundException")]
    ResourceNotFound,
    /// `ServiceQuotaExceededException`, 402
    #[serde(rename = "ServiceQuotaExceededException")]
    ServiceQuotaExceeded,
    /// `ThrottlingException`, 429
    #[serde(rename = "ThrottlingException")]
    Throttling,
    /// `ValidationException`, 400
    #[serde(rename = "ValidationException")]
    Validation,
}

impl Exception {
    /// The error type on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().1
    }

    /// The exception with every required member, for a fault.
    pub(super) fn reply(self) -> Reply {
        let mut body = json!({ "message": self.row().2 });
        let more = match self {
            Self::AccessDenied | Self::InternalServer => json!({}),
            Self::Conflict | Self::ResourceNotFound => resource("emulator", "APP_AUTHORIZATION"),
            Self::ServiceQuotaExceeded => quota("emulator", "APP_AUTHORIZATION"),
            Self::Throttling => json!({ "serviceCode": "appfabric", "quotaCode": "L-00000000" }),
            Self::Validation => json!({ "reason": "other", "fieldList": [] }),
        };
        extend(&mut body, more);
        Reply::error(self.status(), self.name(), body)
    }

    fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::AccessDenied => ("AccessDeniedException", 403, "You are not authorized to perform this operation."),
            Self::Conflict => ("ConflictException", 409, "The request has created a conflict."),
            Self::InternalServer => ("InternalServerException", 500, "The request processing has failed."),
            Self::ResourceNotFound => ("ResourceNotFoundException", 404, "The specified resource does not exist."),
            Self::ServiceQuotaExceeded => {
                ("ServiceQuotaExceededException", 402, "The request exceeds a service quota.")
            }
            Self::Throttling => ("ThrottlingException", 429, "The request rate exceeds the limit."),
            Self::Validation => ("ValidationException", 400, "The request has invalid or missing parameters."),
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refusal at the front door, which the service model does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error_type: &'static str,
    pub(super) message: Option<String>,
}

impl Refusal {
    /// The request is not signed.
    pub(super) const MISSING_TOKEN: Self =
        Self { status: 403, error_type: "MissingAuthenticationTokenException", message: None };
    /// No such operation.
    pub(super) const UNKNOWN_OPERATION: Self =
        Self { status: 404, error_type: "UnknownOperationException", message: None };
    /// More bytes than any operation takes.
    pub(super) const TOO_LARGE: Self =
        Self { status: 413, error_type: "RequestEntityTooLargeException", message: None };

    pub(super) fn reply(self) -> Reply {
        let message = match (self.message, self.error_type) {
            (Some(message), _) => message,
            (None, "MissingAuthenticationTokenException") => "Missing Authentication Token".to_owned(),
            (None, _) => return Reply::error(self.status, self.error_type, json!({})),
        };
        Reply::error(self.status, self.error_type, json!({ "message": message }))
    }
}

/// One entry of a `ValidationException`'s `fieldList`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldError {
    /// The member, with dots between levels.
    pub(super) name: String,
    /// The constraint it breaks; never the value.
    pub(super) message: String,
}

/// Why an operation did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The body is no JSON, or a member has the wrong type.
    CannotParse(String),
    /// Members break the service model's constraints.
    Fields(Vec<FieldError>),
    /// The request satisfies the constraints and is still refused.
    Other(&'static str),
    /// No such resource in this Region and account.
    NotFound { id: String, kind: &'static str },
    /// It conflicts with this resource.
    Conflict { id: String, kind: &'static str, message: &'static str },
    /// It would exceed the quota.
    Quota { id: String, kind: &'static str, message: &'static str },
    /// AppFabric itself, or the application, has failed.
    Internal(&'static str),
}

impl Failure {
    /// A member that this resource requires is not there.
    pub(super) fn missing(name: &str) -> Self {
        Self::Fields(vec![FieldError { name: name.to_owned(), message: "Member must not be null".to_owned() }])
    }

    /// The exception on the wire, with its modeled members.
    pub(super) fn reply(self) -> Reply {
        let (exception, message, more) = match self {
            Self::CannotParse(message) => (Exception::Validation, message, json!({ "reason": "cannotParse" })),
            Self::Fields(fields) => {
                let reasons: Vec<String> = fields
                    .iter()
                    .map(|field| format!("Value at '{}' failed to satisfy constraint: {}", field.name, field.message))
                    .collect();
                let errors = if fields.len() == 1 { "error" } else { "errors" };
                let message = format!("{} validation {errors} detected: {}", fields.len(), reasons.join("; "));
                (Exception::Validation, message, json!({ "reason": "fieldValidationFailed", "fieldList": fields }))
            }
            Self::Other(message) => (Exception::Validation, message.to_owned(), json!({ "reason": "other" })),
            Self::NotFound { id, kind } => {
                (Exception::ResourceNotFound, format!("The specified {kind} does not exist."), resource(&id, kind))
            }
            Self::Conflict { id, kind, message } => (Exception::Conflict, message.to_owned(), resource(&id, kind)),
            Self::Quota { id, kind, message } => {
                (Exception::ServiceQuotaExceeded, message.to_owned(), quota(&id, kind))
            }
            Self::Internal(message) => (Exception::InternalServer, message.to_owned(), json!({})),
        };
        let mut body = json!({ "message": message });
        extend(&mut body, more);
        Reply::error(exception.status(), exception.name(), body)
    }
}

fn resource(id: &str, kind: &str) -> Value {
    json!({ "resourceId": id, "resourceType": kind })
}

fn quota(id: &str, kind: &str) -> Value {
    json!({ "resourceId": id, "resourceType": kind, "serviceCode": "appfabric", "quotaCode": "L-00000000" })
}

fn extend(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}
