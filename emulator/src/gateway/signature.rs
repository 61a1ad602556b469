//! Whether a request is signed (Signature Version 4), as far as can be told without a secret key.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::Payload;

/// Whether `Authorization` is a signature for this kind of front. The signature itself is not verified.
pub(super) fn is_signed(payload: Payload, headers: &HeaderMap) -> bool {
    let service = match payload {
        Payload::Rest | Payload::Http => "execute-api",
        Payload::FunctionUrl => "lambda",
    };
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let Some(parameters) = header.and_then(|header| header.strip_prefix("AWS4-HMAC-SHA256 ")) else { return false };
    let parameter = |name: &str| {
        let mut parameters = parameters.split(',').filter_map(|parameter| parameter.trim().split_once('='));
        parameters.find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
    };
    let scope = parameter("Credential").map(|credential| credential.split('/').collect::<Vec<_>>());
    scope.is_some_and(|scope| matches!(scope[..], [_, _, _, named, "aws4_request"] if named == service))
        && parameter("SignedHeaders").is_some()
        && parameter("Signature").is_some()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_signature_for_another_service_or_half_of_one_is_none() {
        let execute_api = "Credential=AKID/20260101/us-east-1/execute-api/aws4_request";
        let lambda = "Credential=AKID/20260101/us-east-1/lambda/aws4_request";
        let rest = "SignedHeaders=host;x-amz-date, Signature=0f";
        // the header, whether it signs a request to an API, and to a function URL
        let table = [
            (format!("AWS4-HMAC-SHA256 {execute_api}, {rest}"), true, false),
            (format!("AWS4-HMAC-SHA256 {lambda}, {rest}"), false, true),
            (format!("AWS4-HMAC-SHA256 {execute_api},SignedHeaders=host,Signature=0f"), true, false),
            (format!("AWS4-HMAC-SHA256 {execute_api}"), false, false),
            (format!("AWS4-HMAC-SHA256 {execute_api}, SignedHeaders=host, Signature="), false, false),
            (format!("AWS4-HMAC-SHA256 Credential=AKID/execute-api/aws4_request, {rest}"), false, false),
            (format!("AWS4-HMAC-SHA256 {rest}"), false, false),
            (format!("AWS4-ECDSA-P256-SHA256 {execute_api}, {rest}"), false, false),
            ("Bearer execute-api".to_owned(), false, false),
            (String::new(), false, false),
        ];
        for (header, api, function_url) in table {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&header).expect("a header"))]);
            for (payload, expected) in
                [(Payload::Rest, api), (Payload::Http, api), (Payload::FunctionUrl, function_url)]
            {
                assert_eq!(is_signed(payload, &headers), expected, "{payload:?} {header}");
            }
        }
        assert!(!is_signed(Payload::Rest, &HeaderMap::new()));
    }
}
