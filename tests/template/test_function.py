"""The function, its logs and its table."""

import json
import re

import pytest
from stack import EXAMPLES, ROOT, default, function, only, references, resources, source, strings, transformed, values_of

# The parameters of the function's configuration, by their variables.
PARAMETERS = {
    "SUCCESS_URL": "SuccessUrl",
    "PENDING_URL": "PendingUrl",
    "FAILURE_URL": "FailureUrl",
    "APP_AUTHORIZATIONS": "AppAuthorizations",
    "APPFABRIC_REGION": "AppFabricRegion",
    "ORGANISATION_NAME": "OrganisationName",
    "STATE_MODE": "StateMode",
}

# What the template decides by itself.
DERIVED = ["FLOW_TABLE", "PUBLIC_BASE_URL"]

# An API of API Gateway waits no longer.
API_TIMEOUT_MS = 29_000


def test_the_function_gets_every_variable_and_no_other(stack):
    variables = function(stack)["Environment"]["Variables"]
    assert sorted(variables) == sorted([*PARAMETERS, *DERIVED])
    for variable, parameter in PARAMETERS.items():
        assert variables[variable] == {"Ref": parameter}
    assert variables["FLOW_TABLE"] == {"Ref": "FlowTable"}


def test_a_stack_with_no_parameter_at_all_starts(stack):
    defaults = {variable: stack["Parameters"][parameter]["Default"] for variable, parameter in PARAMETERS.items()}
    assert defaults.pop("STATE_MODE") == "enforce"
    assert set(defaults.values()) == {""}


def test_a_state_is_off_reported_or_enforced(stack):
    modes = stack["Parameters"]["StateMode"]["AllowedValues"]
    # YAML 1.1 would take a bare `off` for false.
    assert modes == ["off", "report", "enforce"]
    source = (ROOT / "src/config.rs").read_text()
    assert all(f'Some("{mode}")' in source for mode in modes)


def test_no_variable_overrides_the_log_levels(stack):
    assert not {"RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"} & set(strings(stack["Resources"]))


def test_sam_local_is_given_no_table():
    # SAM says nothing about a variable that the template does not have, and the function would look for a table. Without
    # one it does not start unless `state` is left unchecked.
    variables = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    assert variables == {"FLOW_TABLE": "", "STATE_MODE": "off"}
    assert set(variables) <= {*PARAMETERS, *DERIVED}


def test_the_log_is_json_in_its_own_group(stack):
    logging = function(stack)["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    assert logging["LogGroup"] == {"Ref": "LogGroup"}
    assert default(stack, logging["ApplicationLogLevel"]) == "INFO"
    assert logging["SystemLogLevel"] == "INFO"


def test_no_level_loses_the_line_of_a_callback_or_its_metrics(stack):
    # Both are INFO, and Lambda drops what is below the level.
    assert stack["Parameters"]["ApplicationLogLevel"]["AllowedValues"] == ["TRACE", "DEBUG", "INFO"]


def test_every_log_ends_some_day_and_takes_a_key(deploy):
    for key in ["", "arn:aws:kms:eu-west-1:123456789012:key/1"]:
        groups = {name: it for name, it in deploy(LogKmsKeyArn=key).resources().items() if it["Type"] == "AWS::Logs::LogGroup"}
        assert set(groups) == {"LogGroup", "AccessLogGroup"}
        for group in groups.values():
            assert group["Properties"]["RetentionInDays"] == 90
            assert group["Properties"].get("KmsKeyId", "") == key
            assert group["DeletionPolicy"] == "Delete"


def test_the_function_gives_up_before_the_api_does(stack):
    longest = function(stack)["Timeout"]
    assert longest > 20
    waiting = list(values_of(stack["Resources"], "timeoutInMillis"))
    paths = only(stack, "AWS::ApiGateway::RestApi")["Body"]["paths"]
    assert len(waiting) == len(paths)
    for milliseconds in waiting:
        assert longest * 1000 < milliseconds < API_TIMEOUT_MS


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
    manifest = (ROOT / "Cargo.toml").read_text()
    assert f'name = "{metadata["BuildProperties"]["Binary"]}"' in manifest


def test_the_functions_own_traces_are_on(stack):
    # They hold nothing of a request; the API's would.
    assert function(stack)["TracingConfig"] == {"Mode": "Active"}


def test_instances_are_set_aside_where_the_deployer_says_so(deploy):
    for text, expected in [("", None), ("0", "0"), ("10", "10")]:
        properties = deploy(ReservedConcurrency=text).resources()["Function"]["Properties"]
        assert properties.get("ReservedConcurrentExecutions") == expected


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


def test_the_flow_table_goes_with_the_stack(stack):
    (table,) = resources(stack, "AWS::DynamoDB::Table").values()
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Delete"


def test_an_update_leaves_the_versions_before_it(stack):
    (version,) = resources(stack, "AWS::Lambda::Version").values()
    assert version["DeletionPolicy"] == version["UpdateReplacePolicy"] == "Retain"
    (alias,) = resources(stack, "AWS::Lambda::Alias").values()
    assert alias["Properties"]["Name"] == "live"


@pytest.mark.parametrize(("parameter", "declared"), source()["Parameters"].items())
def test_a_changed_setting_publishes_a_version(deploy, parameter, declared):
    # The alias goes on with the version before until CloudFormation sees that the version itself has changed.
    others = [it for it in declared.get("AllowedValues", []) if it != declared["Default"]]
    changed = others[0] if others else EXAMPLES.get(parameter, f"{declared['Default']}0")
    before, after = deploy().resources(), deploy(**{parameter: changed}).resources()
    # How many instances there may be is no part of a version.
    functions = [it["Function"]["Properties"] | {"ReservedConcurrentExecutions": None} for it in (before, after)]
    assert (functions[0] != functions[1]) == (before["SettingsVersion"] != after["SettingsVersion"])


def test_a_replaced_resource_publishes_a_version(stack):
    of_function = references(function(stack)) - set(stack["Parameters"]) - {"SettingsVersion.VersionNumber"}
    settings = references(stack["Resources"]["SettingsVersion"]["Properties"]["Content"])
    assert of_function == settings - set(stack["Parameters"]) == {"FlowTable", "LogGroup", "Role.Arn"}


def test_the_settings_are_a_text_that_appconfig_keeps_itself(stack):
    assert only(stack, "AWS::AppConfig::ConfigurationProfile")["LocationUri"] == "hosted"
    # A profile without a type takes any text.
    assert "Type" not in only(stack, "AWS::AppConfig::ConfigurationProfile")
    assert only(stack, "AWS::AppConfig::HostedConfigurationVersion")["ContentType"] == "text/plain"


def test_what_the_template_itself_says_of_the_function_publishes_a_version():
    versions = set()
    for timeout in [25, 26]:
        template = source()
        template["Resources"]["Function"]["Properties"]["Timeout"] = timeout
        versions |= set(resources(transformed(template), "AWS::Lambda::Version"))
    assert len(versions) == 2


def test_the_function_and_its_version_have_the_number_of_the_settings(stack):
    # Lambda publishes nothing if the function is as it was, and CloudFormation takes that for an error.
    (version,) = resources(stack, "AWS::Lambda::Version").values()
    for properties in [function(stack), version["Properties"]]:
        assert "${SettingsVersion.VersionNumber}" in properties["Description"]["Fn::Sub"]
