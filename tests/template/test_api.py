"""The API: its routes, how much it lets through, and what it writes down."""

import json
import re

import pytest
from stack import only, resources, strings, transformed, values_of

# What a line of the access log may hold: nothing of these is chosen by whoever sends the request, but for the method.
HARMLESS = {
    "$context.requestTime",
    "$context.extendedRequestId",
    "$context.httpMethod",
    "$context.resourcePath",
    "$context.status",
    "$context.error.responseType",
    "$context.responseLatency",
    "$context.integration.status",
    "$context.integration.latency",
    "$context.integration.requestId",
    "$context.wafResponseCode",
}


def methods(stack):
    """The one method of each path: whatever the method is, the function answers it."""
    paths = only(stack, "AWS::ApiGateway::RestApi")["Body"]["paths"]
    for path, found in paths.items():
        assert list(found) == ["x-amazon-apigateway-any-method"], path
    return {path: found["x-amazon-apigateway-any-method"] for path, found in paths.items()}


def stage(stack):
    return only(stack, "AWS::ApiGateway::Stage")


def test_every_route_takes_any_method_to_the_function(stack):
    assert set(methods(stack)) == {
        "/",
        "/callback/{proxy+}",
        "/connect/{proxy+}",
        "/connected",
        "/failed",
        "/flows",
        "/pending",
        "/{proxy+}",
    }
    for method in methods(stack).values():
        assert method["x-amazon-apigateway-integration"]["type"] == "aws_proxy"


def test_flows_takes_signed_requests_only_and_everything_else_is_open(stack):
    api = only(stack, "AWS::ApiGateway::RestApi")["Body"]
    signed = api["components"]["securitySchemes"]["AWS_IAM"]
    assert (signed["x-amazon-apigateway-authtype"], signed["in"], signed["name"]) == ("awsSigv4", "header", "Authorization")
    assert "security" not in api
    for path, method in methods(stack).items():
        assert method.get("security", []) == ([{"AWS_IAM": []}] if path == "/flows" else []), path


def test_the_api_invokes_the_function_itself_whoever_has_signed(stack):
    for path, method in methods(stack).items():
        # SAM's default for AWS_IAM is the caller's credentials, and then every caller may invoke the function directly.
        assert "credentials" not in method["x-amazon-apigateway-integration"], path


def test_the_api_is_regional_and_has_one_stage(stack):
    api = only(stack, "AWS::ApiGateway::RestApi")
    assert api["EndpointConfiguration"]["Types"] == ["REGIONAL"]
    assert stage(stack)["StageName"] == "live"
    assert "StageName" not in only(stack, "AWS::ApiGateway::Deployment")


def test_tls_is_1_2_or_newer_at_both_of_its_addresses(deploy):
    there = deploy(DomainName="connect.example.com", CertificateArn="arn:aws:acm:eu-west-1:123456789012:certificate/1").resources()
    for name in ["Api", "Domain"]:
        assert re.fullmatch(r"SecurityPolicy_TLS13_1_[23]_\w+", there[name]["Properties"]["SecurityPolicy"]), name
        # The policies of this name take nothing else.
        assert there[name]["Properties"]["EndpointAccessMode"] == "STRICT", name


def test_every_route_is_throttled_and_counted_with_the_others(stack):
    (settings,) = stage(stack)["MethodSettings"]
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottlingRateLimit"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottlingBurstLimit"}
    assert settings["MetricsEnabled"] is False
    for name in ["ThrottlingRateLimit", "ThrottlingBurstLimit"]:
        parameter = stack["Parameters"][name]
        # Zero would stop everybody, and nobody would know why.
        assert 1 <= parameter["MinValue"] <= parameter["Default"] <= 100, name


def test_the_access_log_is_json_without_anything_that_the_request_says(stack):
    setting = stage(stack)["AccessLogSetting"]
    assert setting["DestinationArn"] == {
        "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${AccessLogGroup}"
    }
    line = json.loads(setting["Format"])
    assert set(line.values()) == HARMLESS
    assert {"$context.status", "$context.responseLatency", "$context.extendedRequestId"} <= set(line.values())
    # The path, the request line, an ID that the caller chose, a header, an address, an identity, a message that may quote.
    for text in setting["Format"].split('"'):
        assert not re.search(r"\$context\.(path|requestId|protocol|identity|authorizer|error\.message|integrationErrorMessage)", text)
        assert "$input" not in text and "method.request" not in text


def test_nothing_but_the_function_writes_down_a_request(stack):
    # Each of these would record the query, and with it the authorization code, or the path of a connect link, a secret: the
    # execution log, its data trace, and the API's own segments in X-Ray, whose URL has both.
    assert set(values_of(stack, "DataTraceEnabled")) == {False}
    assert set(values_of(stack, "LoggingLevel")) == {"OFF"}
    assert stage(stack)["TracingEnabled"] is False
    for text in strings(stack["Resources"]):
        for variable in ["$context.path", "$context.requestOverride", "$input", "method.request"]:
            assert variable not in text
        assert set(re.findall(r"\$context\.[\w.]+", text)) <= HARMLESS


@pytest.mark.parametrize(
    ("parameters", "base"),
    [
        ({}, "https://abc123.execute-api.eu-west-1.amazonaws.com/live"),
        ({"PublicBaseUrl": "https://cdn.example.com"}, "https://cdn.example.com"),
        ({"DomainName": "connect.example.com"}, "https://connect.example.com"),
        ({"DomainName": "connect.example.com", "PublicBaseUrl": "https://cdn.example.com"}, "https://cdn.example.com"),
    ],
)
def test_the_outputs_name_the_redirect_uri(deploy, parameters, base):
    deployment = deploy(**parameters)
    outputs = deployment.outputs()
    assert outputs["RedirectUri"] == base + "/callback/{appBundleIdentifier}/{appAuthorizationIdentifier}"
    assert outputs["RedirectUriByAlias"] == base + "/callback/{alias}"
    # What the outputs say is what the function is told; without either it is told by each event.
    told = deployment.resources()["Function"]["Properties"]["Environment"]["Variables"]["PUBLIC_BASE_URL"]
    assert told == ("" if "execute-api" in base else base)


@pytest.mark.parametrize("base_url", ["", "https://connect.example.com"])
def test_flows_are_begun_at_the_stages_own_address_whatever_stands_in_front(deploy, base_url):
    # The signature covers the host that the API sees.
    outputs = deploy(PublicBaseUrl=base_url).outputs()
    assert outputs["FlowsEndpoint"] == "https://abc123.execute-api.eu-west-1.amazonaws.com/live/flows"
    assert outputs["FlowsArn"] == "arn:aws:execute-api:eu-west-1:123456789012:abc123/live/POST/flows"


def test_the_outputs_name_what_an_operator_looks_for(deploy):
    outputs = deploy().outputs()
    assert outputs["FunctionName"] == "Function"
    assert outputs["FunctionVersion"].startswith("FunctionVersion") and outputs["FunctionVersion"].endswith(".Version")
    assert outputs["FlowTableName"] == "FlowTable"
    assert (outputs["LogGroupName"], outputs["AccessLogGroupName"]) == ("LogGroup", "AccessLogGroup")
    assert "DashboardUrl" in outputs


def test_every_deployment_deploys_the_api_anew(source, monkeypatch):
    # Otherwise SAM names a deployment by the paths. A page of the mapping and the TLS policy are no part of them.
    names = set()
    for second in [1, 2]:
        monkeypatch.setattr("samtranslator.model.apigateway.time.time", lambda: second)
        names |= set(resources(transformed(source), "AWS::ApiGateway::Deployment"))
    assert len(names) == 2


def test_the_api_calls_the_alias(stack):
    for path, method in methods(stack).items():
        assert "functions/${FunctionAliaslive}/invocations" in method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"], path
    for permission in resources(stack, "AWS::Lambda::Permission").values():
        assert permission["Properties"]["FunctionName"] == {"Ref": "FunctionAliaslive"}
