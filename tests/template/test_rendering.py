"""What a release attaches: the template for its zip, and plain CloudFormation."""

import json

import pytest
from rendering import cloudformation, sam
from samtranslator.yaml_helper import yaml_parse
from stack import Deployment, only, resources

ZIPS = {"CodeBucket": "releases", "CodeKey": "0.1.0.zip"}


@pytest.fixture(scope="module")
def plain():
    return json.loads(cloudformation("0.1.0"))


@pytest.mark.parametrize(("architecture", "other"), [("arm64", "x86_64"), ("x86_64", "arm64")])
def test_a_release_deploys_the_zip_beside_its_template_on_the_processor_that_it_is_for(architecture, other):
    template = yaml_parse(sam(f"appfabric-connect-{architecture}.zip"))
    function = template["Resources"]["Function"]
    assert function["Properties"]["CodeUri"] == f"appfabric-connect-{architecture}.zip"
    assert "BuildMethod" not in function["Metadata"]
    parameter = template["Parameters"]["Architecture"]
    assert parameter["Default"] == architecture and other not in parameter["AllowedValues"]


def test_a_release_needs_no_other_file(source):
    template = yaml_parse(sam("appfabric-connect-arm64.zip"))
    assert not resources(template, "AWS::CloudFormation::Stack")
    assert set(template["Resources"]) == set(source["Resources"]) > {"Dashboard", "FunctionErrorsAlarm", "LastFailuresQuery"}


def test_plain_cloudformation_is_the_stack_that_sam_makes(stack, plain):
    def kinds(template):
        return sorted(it["Type"] for it in template["Resources"].values())

    assert "Transform" not in plain and kinds(plain) == kinds(stack)
    assert set(plain["Parameters"]) - set(stack["Parameters"]) == set(ZIPS)
    assert only(plain, "AWS::Lambda::Function")["Code"] == {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}


@pytest.mark.parametrize("parameter", ZIPS)
def test_other_code_publishes_a_version(plain, parameter):
    numbered = [Deployment(plain, values).resources()["SettingsVersion"] for values in (ZIPS, ZIPS | {parameter: "other"})]
    assert numbered[0] != numbered[1]


def test_another_release_publishes_a_version_and_deploys_the_api(plain):
    after = json.loads(cloudformation("0.2.0"))
    for kind in ["AWS::Lambda::Version", "AWS::ApiGateway::Deployment"]:
        assert set(resources(plain, kind)) != set(resources(after, kind)), kind
    # If the zip is the same, Lambda would have nothing new to publish, and CloudFormation reports that as an error.
    assert plain["Resources"]["SettingsVersion"] != after["Resources"]["SettingsVersion"]


def test_the_same_release_is_rendered_to_the_same_bytes():
    assert cloudformation("0.1.0") == cloudformation("0.1.0")


def test_only_versions_outlive_an_update(plain):
    kept = {it["Type"] for it in plain["Resources"].values() if it.get("UpdateReplacePolicy") == "Retain"}
    assert kept == {"AWS::Lambda::Version"}
