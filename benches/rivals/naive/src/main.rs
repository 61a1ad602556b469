//! The function's calls of AWS, written as the documentation of each crate begins: defaults everywhere.
//!
//! A stand-in, for the real function says itself which HTTP client, roots and features it wants. It does less: no proof,
//! no pages, no metrics, no look where an answer leaves a doubt.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_sdk_appfabric::types::AuthRequest;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let appfabric = aws_sdk_appfabric::Client::new(&config);
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let table = std::env::var("FLOW_TABLE").ok();
    lambda_runtime::run(service_fn(|event| answer(&appfabric, &dynamodb, table.as_deref(), event))).await
}

async fn answer(
    appfabric: &aws_sdk_appfabric::Client,
    dynamodb: &aws_sdk_dynamodb::Client,
    table: Option<&str>,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    let request = event.payload;
    let code = request.query_string_parameters.first("code").unwrap_or_default().to_owned();
    let path = request.raw_path.unwrap_or_default();
    let mut identifiers = path.trim_start_matches("/callback/").split('/');
    let (bundle, authorization) = (identifiers.next().unwrap_or_default(), identifiers.next().unwrap_or_default());
    match table {
        // As the function does it with a table: the state is taken, the code claimed.
        Some(table) => {
            update(dynamodb, table, "flow", "open").await?;
            let item = dynamodb.put_item().table_name(table).item("id", AttributeValue::S(code.clone()));
            item.condition_expression("attribute_not_exists(id)").send().await?;
        }
        None => {
            let look = appfabric.get_app_authorization().app_bundle_identifier(bundle);
            look.app_authorization_identifier(authorization).send().await?;
        }
    }
    let auth = AuthRequest::builder().redirect_uri(format!("https://connect.example.com{path}")).code(&code).build()?;
    let connect = appfabric.connect_app_authorization().app_bundle_identifier(bundle);
    connect.app_authorization_identifier(authorization).auth_request(auth).send().await?;
    if let Some(table) = table {
        let (recorded, finished) =
            tokio::join!(update(dynamodb, table, &code, "connected"), update(dynamodb, table, "flow", "finished"));
        recorded.and(finished)?;
    }
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = 303;
    response.headers.insert("location", "https://example.com/".parse()?);
    Ok(response)
}

async fn update(dynamodb: &aws_sdk_dynamodb::Client, table: &str, id: &str, value: &str) -> Result<(), Error> {
    let update = dynamodb.update_item().table_name(table).key("id", AttributeValue::S(id.to_owned()));
    let update = update.update_expression("SET #value = :value").expression_attribute_names("#value", "value");
    update.expression_attribute_values(":value", AttributeValue::S(value.to_owned())).send().await?;
    Ok(())
}
