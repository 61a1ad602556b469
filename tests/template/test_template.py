"""What the template promises, read from the CloudFormation that SAM makes of it."""

import copy
import json
import os
import re
from pathlib import Path

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[2] / "template.yaml"

# The parameters of the function's configuration, by their variables.
PARAMETERS = {
    "SUCCESS_URL": "SuccessUrl",
    "PENDING_URL": "PendingUrl",
    "FAILURE_URL": "FailureUrl",
    "PUBLIC_BASE_URL": "PublicBaseUrl",
    "APP_AUTHORIZATIONS": "AppAuthorizations",
    "APPFABRIC_REGION": "AppFabricRegion",
    "ORGANISATION_NAME": "OrganisationName",
    "STATE_MODE": "StateMode",
}

# The function's configuration. The template sets every variable, and no other.
VARIABLES = {
    **{name: {"Ref": parameter} for name, parameter in PARAMETERS.items()},
    "FLOW_TABLE": {"Ref": "FlowTable"},
}

API_TIMEOUT_SECONDS = 29

BUNDLE = "11111111-2222-3333-4444-555555555555"


class NoManagedPolicies:
    """The template uses none, so IAM is not asked for their names."""

    def load(self):
        return {}


@pytest.fixture(scope="session")
def source():
    return yaml_parse(TEMPLATE.read_text())


@pytest.fixture(scope="session")
def stack(source):
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    fragment = copy.deepcopy(source)
    for resource in fragment["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # What `sam package` does: the translator takes no local path.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(fragment, {}, NoManagedPolicies())


def resources(stack, kind):
    return {name: it for name, it in stack["Resources"].items() if it["Type"] == kind}


def only(stack, kind):
    found = resources(stack, kind)
    assert len(found) == 1, f"{kind}: {sorted(found)}"
    return next(iter(found.values()))["Properties"]


def function(stack):
    return only(stack, "AWS::Lambda::Function")


def strings(node):
    """Every key and every string in the tree."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node


def values_of(node, key):
    """Every value that stands under `key`, at any depth."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from values_of(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values_of(value, key)


def metric(stack, name):
    """The filter that counts log lines as this metric, and how it does."""
    filters = [it["Properties"] for it in resources(stack, "AWS::Logs::MetricFilter").values()]
    (found,) = [it for it in filters if it["MetricTransformations"][0]["MetricName"] == name]
    (transformation,) = found["MetricTransformations"]
    assert transformation["MetricNamespace"] == "AppFabricConnect"
    assert (transformation["MetricValue"], transformation["Unit"]) == ("1", "Count")
    return found, transformation


def counts(pattern, line):
    """Whether a metric filter's pattern matches a log line, in the little of its language that the template uses."""
    condition = re.fullmatch(r"\{(.*)\}", pattern)[1]
    condition = re.sub(r"\$\.(\w+) = (\"\w[\w ]*\")", r'(line.get("\1") == \2)', condition)
    return eval(condition.replace("&&", "and").replace("||", "or").strip(), {"line": line})


def default(stack, value):
    """The value, or the default of the parameter that it refers to."""
    return stack["Parameters"][value["Ref"]]["Default"] if isinstance(value, dict) else value


def statements(stack):
    for role in resources(stack, "AWS::IAM::Role").values():
        for policy in role["Properties"].get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def evaluate(stack, node, parameters):
    """The value that CloudFormation would make of the few functions that the template uses."""
    names = {
        "AWS::Partition": "aws",
        "AWS::Region": "eu-west-1",
        "AWS::AccountId": "123456789012",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": "connect",
        "Api": "abc123",
        **{name: it.get("Default") for name, it in stack["Parameters"].items()},
        **parameters,
    }

    def walk(node):
        match node:
            case {"Ref": name}:
                return names[name]
            case {"Fn::Sub": [text, own]}:
                return fill(text, {name: walk(value) for name, value in own.items()})
            case {"Fn::Sub": text}:
                return fill(text, {})
            case {"Fn::If": [condition, then, otherwise]}:
                return walk(then if walk(stack["Conditions"][condition]) else otherwise)
            case {"Fn::Not": [condition]}:
                return not walk(condition)
            case {"Fn::Equals": [left, right]}:
                return walk(left) == walk(right)
            case list():
                return [walk(item) for item in node]
            case str():
                return node
        raise AssertionError(f"not a function that the template uses: {node}")

    def fill(text, own):
        return re.sub(r"\$\{([^}]+)\}", lambda found: str({**names, **own}[found[1]]), text)

    return walk(node)


def test_the_function_gets_every_variable_and_no_other(stack):
    assert function(stack)["Environment"]["Variables"] == VARIABLES


def test_a_stack_with_no_parameter_at_all_starts(stack):
    defaults = {variable: stack["Parameters"][parameter]["Default"] for variable, parameter in PARAMETERS.items()}
    assert defaults.pop("STATE_MODE") == "enforce"
    assert set(defaults.values()) == {""}


def test_a_state_is_off_reported_or_enforced(stack):
    modes = stack["Parameters"]["StateMode"]["AllowedValues"]
    # YAML 1.1 would take a bare `off` for false.
    assert modes == ["off", "report", "enforce"]
    source = (TEMPLATE.parent / "src/config.rs").read_text()
    assert all(f'Some("{mode}")' in source for mode in modes)


def test_no_variable_overrides_the_log_levels(stack):
    assert not {"RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"} & set(strings(stack["Resources"]))


def test_sam_local_is_given_no_table():
    # SAM says nothing about a variable that the template does not have, and the function would look for a table. Without
    # one it does not start unless `state` is left unchecked.
    variables = json.loads((TEMPLATE.parent / "events/env.json").read_text())["Parameters"]
    assert variables == {"FLOW_TABLE": "", "STATE_MODE": "off"}
    assert set(variables) <= set(VARIABLES)


def test_every_parameter_is_in_one_group(source):
    groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [parameter for group in groups for parameter in group["Parameters"]]
    assert sorted(grouped) == sorted(source["Parameters"])


def test_every_parameter_says_what_it_is_for(stack):
    for name, parameter in stack["Parameters"].items():
        assert len(parameter.get("Description", "")) > 20, name
        if "AllowedPattern" in parameter:
            assert parameter.get("ConstraintDescription"), name


@pytest.mark.parametrize("parameter", ["SuccessUrl", "PendingUrl", "FailureUrl", "PublicBaseUrl"])
@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("", True),
        ("https://example.com", True),
        ("https://example.com/done", True),
        ("https://example.com:8443/done", True),
        ("http://localhost:8080/done", True),
        ("http://127.0.0.1/done", True),
        ("http://[::1]:8080/done", True),
        ("http://example.com/done", False),
        ("http://localhost.example.com/done", False),
        ("https://name:secret@example.com/done", False),
        ("https://example.com/done#top", False),
        ("//example.com/done", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://example.com/a b", False),
    ],
)
def test_a_page_is_an_absolute_url_without_credentials_or_a_fragment(stack, parameter, url, allowed):
    assert bool(re.fullmatch(stack["Parameters"][parameter]["AllowedPattern"], url)) is allowed


@pytest.mark.parametrize("parameter", ["SuccessUrl", "PendingUrl", "FailureUrl"])
def test_a_page_keeps_its_query(stack, parameter):
    for url in ["https://example.com/done?lang=en", "https://example.com?mail=a@b"]:
        assert re.fullmatch(stack["Parameters"][parameter]["AllowedPattern"], url)


@pytest.mark.parametrize("url", ["https://example.com/?a=b", "https://example.com/", "https://example.com/live/"])
def test_the_base_url_ends_without_a_slash_or_a_query(stack, url):
    assert not re.fullmatch(stack["Parameters"]["PublicBaseUrl"]["AllowedPattern"], url)


def test_a_name_holds_no_control_characters(stack):
    pattern = stack["Parameters"]["OrganisationName"]["AllowedPattern"]
    assert re.fullmatch(pattern, "Müller & Söhne")
    assert not re.fullmatch(pattern, "two\nlines")


def test_the_role_is_the_only_one_and_has_no_managed_policy(stack):
    role = only(stack, "AWS::IAM::Role")
    assert not role.get("ManagedPolicyArns")
    assert not resources(stack, "AWS::IAM::ManagedPolicy")
    assert not resources(stack, "AWS::IAM::Policy")
    assert function(stack)["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}


def test_only_lambda_assumes_the_role(stack):
    (trust,) = only(stack, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_the_role_may_do_seven_things(stack):
    actions = []
    for statement in statements(stack):
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & set(statement)
        actions += as_list(statement["Action"])
    assert sorted(actions) == [
        "appfabric:ConnectAppAuthorization",
        "appfabric:GetAppAuthorization",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ]


@pytest.mark.parametrize(
    ("parameters", "region", "bundle"),
    [
        ({}, "eu-west-1", "*"),
        ({"AppFabricRegion": "us-east-1"}, "us-east-1", "*"),
        ({"AppAuthorizations": "{}"}, "*", "*"),
        ({"AppAuthorizations": "{}", "AppFabricRegion": "us-east-1"}, "*", "*"),
        ({"AppAuthorizations": "{}", "AppBundleRegion": "us-east-1"}, "us-east-1", "*"),
        ({"AppBundleRegion": "*"}, "*", "*"),
        ({"AppBundleIdentifier": BUNDLE}, "eu-west-1", BUNDLE),
        ({"AWS::Partition": "aws-cn"}, "eu-west-1", "*"),
    ],
)
def test_each_appfabric_action_has_both_resources(stack, parameters, region, bundle):
    partition = parameters.get("AWS::Partition", "aws")
    bundle_arn = f"arn:{partition}:appfabric:{region}:123456789012:appbundle/{bundle}"
    seen = set()
    for statement in statements(stack):
        for action in as_list(statement["Action"]):
            if action.startswith("appfabric:"):
                seen.add(action)
                allowed = evaluate(stack, statement["Resource"], parameters)
                assert allowed == [bundle_arn, f"{bundle_arn}/appauthorization/*"], action
    assert len(seen) == 2


def test_the_flow_table_is_the_only_table_that_may_be_used(stack):
    (statement,) = [it for it in statements(stack) if "dynamodb:" in str(it["Action"])]
    assert statement == {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        "Resource": {"Fn::GetAtt": ["FlowTable", "Arn"]},
    }


def test_an_item_of_the_flow_table_is_found_by_its_id_and_expires(stack):
    table = only(stack, "AWS::DynamoDB::Table")
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_the_flow_table_costs_what_is_used(stack):
    table = only(stack, "AWS::DynamoDB::Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in table


def test_the_flow_table_is_encrypted_with_a_key_that_the_role_needs_no_statement_for(stack):
    table = only(stack, "AWS::DynamoDB::Table")
    # Another key (KMSMasterKeyId) would need kms: actions, and the role has none.
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}


def test_nothing_keeps_what_expired_in_the_flow_table(stack):
    copies = {"KinesisStreamSpecification", "PointInTimeRecoverySpecification", "StreamSpecification"}
    assert not copies & set(only(stack, "AWS::DynamoDB::Table"))


def test_a_flow_table_can_be_replaced(stack):
    assert "TableName" not in only(stack, "AWS::DynamoDB::Table")


def test_the_flow_table_goes_with_the_stack_unless_the_deployer_retains_it(source, stack):
    (table,) = resources(stack, "AWS::DynamoDB::Table").values()
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == {"Ref": "FlowTableDeletionPolicy"}
    parameter = stack["Parameters"]["FlowTableDeletionPolicy"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("Delete", ["Delete", "Retain"])
    # CloudFormation itself takes no function there; this transform puts the value in its place before SAM's reads it.
    assert source["Transform"] == ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]


def test_the_log_may_be_written_in_its_own_group_only(stack):
    for statement in statements(stack):
        if any(action.startswith("logs:") for action in as_list(statement["Action"])):
            assert statement["Resource"] == {"Fn::GetAtt": ["LogGroup", "Arn"]}


def test_the_log_is_json_in_its_own_group_and_ends_some_day(stack):
    logging = function(stack)["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    assert logging["LogGroup"] == {"Ref": "LogGroup"}
    assert default(stack, logging["ApplicationLogLevel"]) == "INFO"
    assert default(stack, logging["SystemLogLevel"]) == "INFO"
    group = only(stack, "AWS::Logs::LogGroup")
    assert default(stack, group["RetentionInDays"]) == 90


def test_every_metric_is_counted_from_the_functions_own_log(stack):
    for counter in resources(stack, "AWS::Logs::MetricFilter").values():
        assert counter["Properties"]["LogGroupName"] == function(stack)["LoggingConfig"]["LogGroup"]


def test_a_metric_counts_the_log_lines_of_an_unreachable_flow_table(stack):
    counter, transformation = metric(stack, "FlowTableUnreachable")
    assert counter["FilterPattern"] == '{ $.message = "flow table unreachable" }'
    assert transformation["DefaultValue"] == 0
    assert "Dimensions" not in transformation


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ({"message": "callback", "reason": "invalid_state", "state": "other_browser"}, "StateRefused"),
        ({"message": "callback", "reason": "link_expired", "state": "expired"}, "StateRefused"),
        ({"message": "callback", "reason": "link_used", "state": "used"}, "StateRefused"),
        ({"message": "state would be refused", "state": "missing"}, "StateWouldRefuse"),
        # Under `report` the same callback has a second line, with the outcome that it came to.
        ({"message": "callback", "outcome": "connected", "state": "missing"}, None),
        ({"message": "callback", "outcome": "connected", "state": "valid"}, None),
        ({"message": "callback", "reason": "access_denied", "state": "off"}, None),
        ({"message": "callback", "reason": "temporarily_unavailable", "state": "unchecked"}, None),
        ({"message": "no flow begun", "reason": "invalid_state"}, None),
        ({"message": "no flow begun", "reason": "link_used"}, None),
        ({"message": "connect link followed"}, None),
    ],
)
def test_a_metric_counts_what_is_refused_and_another_what_would_be(stack, line, counted):
    for name in ["StateRefused", "StateWouldRefuse"]:
        assert counts(metric(stack, name)[0]["FilterPattern"], line) is (name == counted)


@pytest.mark.parametrize("name", ["StateRefused", "StateWouldRefuse"])
def test_a_refusal_is_counted_by_why(stack, name):
    _, transformation = metric(stack, name)
    assert transformation["Dimensions"] == [{"Key": "Reason", "Value": "$.state"}]
    # CloudWatch Logs takes no default value together with dimensions.
    assert "DefaultValue" not in transformation


def test_the_function_gives_up_before_the_api_does(stack):
    timeout = function(stack)["Timeout"]
    assert 20 < default(stack, timeout) < API_TIMEOUT_SECONDS
    assert stack["Parameters"][timeout["Ref"]]["MaxValue"] < API_TIMEOUT_SECONDS
    for shorter in values_of(stack["Resources"], "timeoutInMillis"):
        assert stack["Parameters"][timeout["Ref"]]["MaxValue"] * 1000 < shorter


def test_the_function_is_a_bootstrap_for_arm64(stack):
    properties = function(stack)
    assert properties["Runtime"] == "provided.al2023"
    assert properties["Handler"] == "bootstrap"
    (architecture,) = properties["Architectures"]
    assert default(stack, architecture) == "arm64"
    assert stack["Parameters"][architecture["Ref"]]["AllowedValues"] == ["arm64", "x86_64"]


def test_sam_builds_the_function_and_not_the_emulator(source):
    metadata = source["Resources"]["Function"]["Metadata"]
    assert metadata["BuildMethod"] == "rust-cargolambda"
    manifest = (TEMPLATE.parent / "Cargo.toml").read_text()
    assert f'name = "{metadata["BuildProperties"]["Binary"]}"' in manifest


def methods(stack):
    """The one method of each path: whatever the method is, the function answers it."""
    paths = only(stack, "AWS::ApiGateway::RestApi")["Body"]["paths"]
    for path, found in paths.items():
        assert list(found) == ["x-amazon-apigateway-any-method"], path
    return {path: found["x-amazon-apigateway-any-method"] for path, found in paths.items()}


def test_every_route_takes_any_method_to_the_function(stack):
    assert set(methods(stack)) == {
        "/callback/{proxy+}",
        "/connect/{proxy+}",
        "/connected",
        "/failed",
        "/flows",
        "/pending",
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
    assert default(stack, only(stack, "AWS::ApiGateway::Stage")["StageName"]) == "live"
    assert "StageName" not in only(stack, "AWS::ApiGateway::Deployment")


def test_only_the_api_may_invoke_the_function(stack):
    permissions = resources(stack, "AWS::Lambda::Permission")
    assert permissions
    for permission in permissions.values():
        assert permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
        assert "SourceArn" in permission["Properties"]
    assert not resources(stack, "AWS::Lambda::Url")


def test_nothing_but_the_function_writes_down_a_request(stack):
    # Each of these would record the query, and with it the authorization code, or the path of a connect link, a secret.
    assert True not in list(values_of(stack, "DataTraceEnabled"))
    assert set(values_of(stack, "LoggingLevel")) <= {"OFF"}
    assert True not in list(values_of(stack, "TracingEnabled"))
    assert not any(tracing.get("Mode") == "Active" for tracing in values_of(stack, "TracingConfig"))
    assert not list(values_of(stack, "AccessLogSetting")) + list(values_of(stack, "AccessLogSettings"))
    for text in strings(stack["Resources"]):
        for variable in ["$context.path", "$context.requestOverride", "$context.integration", "$input", "method.request"]:
            assert variable not in text


@pytest.mark.parametrize(
    ("parameters", "redirect_uri", "success"),
    [
        (
            {},
            "https://abc123.execute-api.eu-west-1.amazonaws.com/live/callback/{}/{}",
            "https://abc123.execute-api.eu-west-1.amazonaws.com/live/connected",
        ),
        (
            {"PublicBaseUrl": "https://connect.example.com"},
            "https://connect.example.com/callback/{}/{}",
            "https://connect.example.com/connected",
        ),
        (
            {"SuccessUrl": "https://example.com/done", "StageName": "v1"},
            "https://abc123.execute-api.eu-west-1.amazonaws.com/v1/callback/{}/{}",
            "https://example.com/done",
        ),
    ],
)
def test_the_outputs_name_the_redirect_uri_and_the_pages(stack, parameters, redirect_uri, success):
    outputs = stack["Outputs"]
    expected = redirect_uri.format("{appBundleIdentifier}", "{appAuthorizationIdentifier}")
    assert evaluate(stack, outputs["RedirectUri"]["Value"], parameters) == expected
    assert evaluate(stack, outputs["SuccessPage"]["Value"], parameters) == success
    assert {"PendingPage", "FailurePage", "FunctionName", "LogGroupName"} < set(outputs)


@pytest.mark.parametrize("base_url", ["", "https://connect.example.com"])
def test_flows_are_begun_at_the_stages_own_address_whatever_stands_in_front(stack, base_url):
    # The signature covers the host that the API sees.
    parameters = {"PublicBaseUrl": base_url, "StageName": "v1"}
    endpoint, arn = (evaluate(stack, stack["Outputs"][it]["Value"], parameters) for it in ["FlowsEndpoint", "FlowsArn"])
    assert endpoint == "https://abc123.execute-api.eu-west-1.amazonaws.com/v1/flows"
    assert arn == "arn:aws:execute-api:eu-west-1:123456789012:abc123/v1/POST/flows"


def test_an_output_names_the_flow_table(stack):
    assert stack["Outputs"]["FlowTableName"]["Value"] == {"Ref": "FlowTable"}


def test_the_counted_lines_are_ones_that_the_function_logs(stack):
    source = "".join(file.read_text() for file in sorted((TEMPLATE.parent / "src").rglob("*.rs")))
    for counter in resources(stack, "AWS::Logs::MetricFilter").values():
        members = re.findall(r'\$\.(\w+) = "([^"]*)"', counter["Properties"]["FilterPattern"])
        assert "message" in dict(members)
        for member, value in members:
            # A message is the macro's last argument; a reason stands in the table of outcomes.
            assert re.search(rf'"{value}"\n' if member == "message" else rf'Some\("{value}"\)', source), value
