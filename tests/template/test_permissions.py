"""What the function, and whoever calls it, is allowed."""

import json

import pytest
from rendering import read
from stack import EXAMPLES, ROOT, as_list, function, resources, role, statements

BUNDLE = "11111111-2222-3333-4444-555555555555"

ALWAYS = [
    "appfabric:ConnectAppAuthorization",
    "appfabric:GetAppAuthorization",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]


def deployed(deployment):
    """Every statement that the function's role has in this deployment."""
    return list(statements(deployment.resources()["Role"]["Properties"]["Policies"]))


def test_the_functions_role_is_its_only_one_and_has_no_managed_policy(stack):
    assert not role(stack).get("ManagedPolicyArns")
    assert not resources(stack, "AWS::IAM::ManagedPolicy")
    assert not resources(stack, "AWS::IAM::Policy")
    assert function(stack)["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}
    assert set(resources(stack, "AWS::IAM::Role")) == {"Role"}


def test_only_lambda_assumes_the_role(stack):
    (trust,) = role(stack)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ALWAYS),
        ({"AppFabricKmsKeyArn": EXAMPLES["AppFabricKmsKeyArn"]}, sorted([*ALWAYS, "kms:Decrypt", "kms:GenerateDataKey"])),
    ],
)
def test_the_role_may_do_what_the_function_does_and_nothing_else(deploy, parameters, expected):
    actions = []
    for statement in deployed(deploy(**parameters)):
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & set(statement)
        actions += as_list(statement["Action"])
    assert sorted(actions) == expected


def test_no_action_is_a_wildcard_and_only_what_has_no_resources_is_for_all(stack):
    for name, found in resources(stack, "AWS::IAM::Role").items():
        for statement in statements(found["Properties"]["Policies"]):
            actions = as_list(statement["Action"])
            assert not any("*" in action for action in actions), name
            if statement["Resource"] == "*":
                # X-Ray's two take no resource.
                assert {action.split(":")[0] for action in actions} == {"xray"}, name


@pytest.mark.parametrize(
    ("parameters", "region", "bundle"),
    [
        ({}, "eu-west-1", "*"),
        ({"AppFabricRegion": "us-east-1"}, "us-east-1", "*"),
        ({"AppAuthorizations": "{}"}, "*", "*"),
        ({"AppAuthorizations": "{}", "AppFabricRegion": "us-east-1"}, "*", "*"),
        ({"AppBundleIdentifier": BUNDLE}, "eu-west-1", BUNDLE),
        ({"AWS::Partition": "aws-cn"}, "eu-west-1", "*"),
    ],
)
def test_each_appfabric_action_has_both_resources(deploy, parameters, region, bundle):
    partition = parameters.get("AWS::Partition", "aws")
    bundle_arn = f"arn:{partition}:appfabric:{region}:123456789012:appbundle/{bundle}"
    seen = set()
    for statement in deployed(deploy(**parameters)):
        for action in as_list(statement["Action"]):
            if action.startswith("appfabric:"):
                seen.add(action)
                assert statement["Resource"] == [bundle_arn, f"{bundle_arn}/appauthorization/*"], action
    assert len(seen) == 2


def test_the_flow_table_is_the_only_table_that_may_be_used(stack):
    (statement,) = [it for it in statements(role(stack)["Policies"]) if "dynamodb:" in str(it["Action"])]
    assert statement == {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        "Resource": {"Fn::GetAtt": ["FlowTable", "Arn"]},
    }


def test_the_log_may_be_written_in_its_own_group_only(stack):
    (statement,) = [it for it in statements(role(stack)["Policies"]) if "logs:" in str(it["Action"])]
    assert statement["Resource"] == {"Fn::GetAtt": ["LogGroup", "Arn"]}


def test_a_key_of_the_app_bundle_is_used_through_appfabric_only(deploy):
    key = EXAMPLES["AppFabricKmsKeyArn"]
    (statement,) = [it for it in deployed(deploy(AppFabricKmsKeyArn=key)) if "kms:" in str(it["Action"])]
    assert statement["Resource"] == key
    assert statement["Condition"] == {"StringLike": {"kms:ViaService": "appfabric.*.amazonaws.com"}}


def test_only_the_api_may_invoke_the_function(stack):
    permissions = resources(stack, "AWS::Lambda::Permission")
    assert permissions
    for permission in permissions.values():
        assert permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
        assert "SourceArn" in permission["Properties"]
    assert not resources(stack, "AWS::Lambda::Url")


def test_the_stack_leaves_the_setting_of_the_account_alone(stack):
    assert not resources(stack, "AWS::ApiGateway::Account")


def test_the_template_of_the_account_keeps_what_other_apis_use_when_its_stack_goes():
    there = read(ROOT / "docs/account.yaml")["Resources"]
    assert there["Account"]["Properties"] == {"CloudWatchRoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}
    (trust,) = there["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "apigateway.amazonaws.com"}
    for resource in there.values():
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    (statement,) = statements(there["Role"]["Properties"]["Policies"])
    assert "logs:PutLogEvents" in statement["Action"]
    assert there["Role"]["Properties"]["Path"] == {"Ref": "RolePath"}
    assert "PermissionsBoundaryArn" in json.dumps(there["Role"]["Properties"]["PermissionsBoundary"])


@pytest.mark.parametrize("boundary", ["", EXAMPLES["PermissionsBoundaryArn"]])
def test_a_role_has_the_boundary_and_the_path_that_an_organisation_demands(deploy, boundary):
    properties = deploy(PermissionsBoundaryArn=boundary, RolePath="/services/").resources()["Role"]["Properties"]
    assert properties.get("PermissionsBoundary", "") == boundary
    assert properties["Path"] == "/services/"
