"""What a deployer may choose, and what the template says to it."""

import re
import tomllib

import pytest
from stack import EXAMPLES, ROOT, optional


def test_every_parameter_is_in_one_group(source):
    groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [parameter for group in groups for parameter in group["Parameters"]]
    assert sorted(grouped) == sorted(source["Parameters"])


def test_every_parameter_says_what_it_is_for(stack):
    for name, parameter in stack["Parameters"].items():
        assert len(parameter.get("Description", "")) > 20, name
        if "AllowedPattern" in parameter:
            assert parameter.get("ConstraintDescription"), name


def test_an_example_of_every_parameter_is_one_that_it_takes(stack):
    assert set(optional(stack)) <= set(EXAMPLES)
    for name, example in EXAMPLES.items():
        assert re.fullmatch(stack["Parameters"][name]["AllowedPattern"], example), name


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


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("DomainName", ["connect.example.com", "a-b.example"], ["https://example.com", "example", "Example.com", "example.com/x", "-a.example.com"]),
        ("CertificateArn", [EXAMPLES["CertificateArn"]], ["11111111-2222-3333-4444-555555555555", EXAMPLES["LogKmsKeyArn"]]),
        ("HostedZoneId", ["Z0123456789ABCDEFGHIJ"], ["/hostedzone/Z0123456789", "example.com"]),
        ("WebAclArn", [EXAMPLES["WebAclArn"]], [EXAMPLES["WebAclArn"].replace("regional", "global"), "connect"]),
        ("ReservedConcurrency", ["0", "10", "1000"], ["-1", "01", "ten", "1.5"]),
        ("LogKmsKeyArn", [EXAMPLES["LogKmsKeyArn"]], ["alias/logs", "11111111-2222-3333-4444-555555555555"]),
        ("PermissionsBoundaryArn", [EXAMPLES["PermissionsBoundaryArn"], "arn:aws:iam::aws:policy/Boundary"], ["Boundary", "arn:aws:iam::123456789012:role/x"]),
        ("AppFabricKmsKeyArn", [EXAMPLES["AppFabricKmsKeyArn"]], ["*", "alias/appfabric"]),
    ],
)
def test_an_optional_part_takes_what_aws_calls_it_by(stack, name, taken, refused):
    pattern = stack["Parameters"][name]["AllowedPattern"]
    for text in ["", *taken]:
        assert re.fullmatch(pattern, text), text
    for text in refused:
        assert not re.fullmatch(pattern, text), text


@pytest.mark.parametrize(("path", "allowed"), [("/", True), ("/services/", True), ("/a/b/", True), ("", False), ("services", False), ("/services", False)])
def test_a_path_of_a_role_begins_and_ends_with_a_slash(stack, path, allowed):
    assert bool(re.fullmatch(stack["Parameters"]["RolePath"]["AllowedPattern"], path)) is allowed


@pytest.mark.parametrize(
    ("parameters", "allowed"),
    [
        ({}, True),
        ({"AWS::Region": "us-west-2"}, False),
        ({"AWS::Region": "us-west-2", "AppFabricRegion": "us-east-1"}, True),
        ({"AWS::Region": "us-west-2", "AppAuthorizations": "{}"}, True),
        ({"DomainName": "connect.example.com"}, False),
        ({"CertificateArn": EXAMPLES["CertificateArn"]}, False),
        ({"HostedZoneId": EXAMPLES["HostedZoneId"]}, False),
        ({"DomainName": "connect.example.com", "HostedZoneId": EXAMPLES["HostedZoneId"]}, False),
        ({"DomainName": "connect.example.com", "CertificateArn": EXAMPLES["CertificateArn"]}, True),
        (EXAMPLES, True),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_deployed(deploy, parameters, allowed):
    assert deploy(**parameters).allowed() is allowed


def test_sam_is_told_what_every_deployment_takes():
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    deploy = config["deploy"]["parameters"]
    # The transform, and a role whose name CloudFormation chooses.
    assert set(deploy["capabilities"].split()) == {"CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"}
    assert deploy["resolve_s3"] is True and deploy["confirm_changeset"] is True
    assert config["validate"]["parameters"] == {"lint": True}
    assert config["global"]["parameters"]["stack_name"] == "appfabric-connect"
    assert "beta_features" not in str(config)
    for command in ["local_invoke", "local_start_api"]:
        assert (ROOT / config[command]["parameters"]["env_vars"]).is_file()
    # A parameter there would be everybody's. `sam build` reads this part, too.
    assert config["global"]["parameters"]["parameter_overrides"] == {}


def test_the_parameters_of_the_comments_are_those_of_the_template(source):
    text = re.sub(r'^# (\w+ = )', r"\1", (ROOT / "samconfig.toml").read_text(), flags=re.MULTILINE)
    examples = tomllib.loads(text)["default"]["global"]["parameters"]["parameter_overrides"]
    assert len(examples) == 3 and set(examples) <= set(source["Parameters"])


def test_there_are_fewer_parameters_than_anybody_wants_to_be_asked_for(source):
    assert len(source["Parameters"]) < 26
