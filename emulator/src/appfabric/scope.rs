//! The credential scope of Signature Version 4: which Region is called.
//!
//! Only the scope is checked. The signature is not verified: the emulator knows no secret keys.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::{arn::Region, errors::Refusal};

/// Reads the Region from an `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…` header.
pub(super) fn region_of(headers: &HeaderMap) -> Result<Region, Refusal> {
    let header = headers.get(AUTHORIZATION).ok_or(Refusal::MISSING_TOKEN)?;
    let header = header.to_str().map_err(|_| incomplete("Authorization header must be ASCII."))?;
    let parameters = header
        .strip_prefix("AWS4-HMAC-SHA256")
        .and_then(|rest| rest.strip_prefix(' '))
        .ok_or_else(|| incomplete("Unsupported AWS 'algorithm'; AWS4-HMAC-SHA256 is expected."))?;

    let parameter = |name: &str| {
        parameters
            .split(',')
            .filter_map(|parameter| parameter.trim().split_once('='))
            .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
            .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter.")))
    };
    let credential = parameter("Credential")?;
    parameter("SignedHeaders")?;
    parameter("Signature")?;

    let [_key, date, region, service, terminator] = credential.split('/').collect::<Vec<_>>()[..] else {
        return Err(incomplete("Credential must have exactly 5 slash-delimited elements."));
    };
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("Date in Credential scope must be YYYYMMDD."));
    }
    if service != "appfabric" {
        return Err(invalid("Credential should be scoped to correct service: 'appfabric'."));
    }
    if terminator != "aws4_request" {
        return Err(invalid("Credential should be scoped with a valid terminator: 'aws4_request'."));
    }
    region.parse().map_err(|_| invalid("Credential should be scoped to a valid region."))
}

fn incomplete(message: &str) -> Refusal {
    Refusal { status: 403, error_type: "IncompleteSignatureException", message: Some(message.to_owned()) }
}

fn invalid(message: &str) -> Refusal {
    Refusal { status: 403, error_type: "InvalidSignatureException", message: Some(message.to_owned()) }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn signed(credential: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature=0f")
    }

    fn read(header: &str) -> Result<Region, &'static str> {
        let header = HeaderValue::from_str(header).expect("a header value");
        region_of(&HeaderMap::from_iter([(AUTHORIZATION, header)])).map_err(|refusal| refusal.error_type)
    }

    #[test]
    fn the_region_is_that_of_the_scope() {
        assert_eq!(read(&signed("AKID/20260101/us-east-1/appfabric/aws4_request")), Ok(Region::UsEast1));
        assert_eq!(read(&signed("AKID/20260101/eu-west-1/appfabric/aws4_request")), Ok(Region::EuWest1));
        let no_spaces =
            "AWS4-HMAC-SHA256 Credential=A/20260101/ap-northeast-1/appfabric/aws4_request,SignedHeaders=h,Signature=0";
        assert_eq!(read(no_spaces), Ok(Region::ApNortheast1));
    }

    #[test]
    fn no_header_is_a_missing_token() {
        let refusal = region_of(&HeaderMap::new()).expect_err("no header");
        assert_eq!((refusal.status, refusal.error_type), (403, "MissingAuthenticationTokenException"));
    }

    #[test]
    fn a_wrong_scope_is_an_invalid_signature() {
        for credential in [
            "AKID/20260101/us-west-2/appfabric/aws4_request",
            "AKID/20260101/us-east-1/s3/aws4_request",
            "AKID/20260101/us-east-1/appfabric/aws3_request",
            "AKID/2026-01-01/us-east-1/appfabric/aws4_request",
        ] {
            assert_eq!(read(&signed(credential)), Err("InvalidSignatureException"), "{credential}");
        }
    }

    #[test]
    fn a_half_header_is_an_incomplete_signature() {
        for header in [
            "Bearer token",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/appfabric/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKID/us-east-1/appfabric/aws4_request, SignedHeaders=host, Signature=0",
        ] {
            assert_eq!(read(header), Err("IncompleteSignatureException"), "{header}");
        }
    }
}
