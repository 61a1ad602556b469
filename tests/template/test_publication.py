"""What the AWS Serverless Application Repository is told, within its limits, which no linter knows."""

import json
import re
import tomllib

import pytest
from samcli.vendor.serverlessrepo.application_metadata import ApplicationMetadata
from stack import ROOT

# `CreateApplication` of the AWS Serverless Application Repository's API.
LIMITS = {
    "Name": r"[a-zA-Z0-9-]{1,140}",
    "Author": r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?",
    "SemanticVersion": r"\d+\.\d+\.\d+",
}


@pytest.fixture
def application(source):
    return source["Metadata"]["AWS::ServerlessRepo::Application"]


def test_sam_can_publish_it(application):
    known = {value for name, value in vars(ApplicationMetadata).items() if name.isupper()}
    assert set(application) <= known
    assert ApplicationMetadata(application).validate(["author", "description", "name", "semantic_version"])


@pytest.mark.parametrize("property", LIMITS)
def test_names_and_version_are_within_the_limits(application, property):
    assert re.fullmatch(LIMITS[property], application[property])


def test_texts_are_within_the_limits(application):
    assert 20 < len(application["Description"]) <= 256
    assert 0 < len(application["Labels"]) <= 10
    for label in application["Labels"]:
        assert re.fullmatch(r"[a-zA-Z0-9+\-_:/@]{1,127}", label), label
    # A readme or licence may have 5 MB.
    for file in ["LicenseUrl", "ReadmeUrl"]:
        assert 0 < (ROOT / application[file]).stat().st_size < 5_000_000


def test_it_says_what_the_crate_says(source, application):
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert application["Name"] == workspace["package"]["name"]
    assert application["SemanticVersion"] == workspace["workspace"]["package"]["version"]
    assert application["SpdxLicenseId"] == workspace["workspace"]["package"]["license"]
    assert application["Description"] == source["Description"]


def test_the_licence_is_the_one_that_is_named(application):
    assert "Apache License" in (ROOT / application["LicenseUrl"]).read_text()


def test_it_names_nobodys_account_or_address(application):
    assert not re.search(r"\b\d{12}\b|@|https?://", json.dumps(application))
