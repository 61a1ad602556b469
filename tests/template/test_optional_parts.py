"""The parts that a parameter adds, alone and together."""

from itertools import product

import pytest
from samtranslator.yaml_helper import yaml_parse
from stack import EXAMPLES, ROOT, resources, values_of

# What makes a resource or an output come or go, or a resource look elsewhere.
SWITCHES = {
    "DomainName": EXAMPLES["DomainName"],
    "HostedZoneId": EXAMPLES["HostedZoneId"],
    "WebAclArn": EXAMPLES["WebAclArn"],
    "AlarmTopicArn": EXAMPLES["AlarmTopicArn"],
    "AppFabricKmsKeyArn": EXAMPLES["AppFabricKmsKeyArn"],
    "LogKmsKeyArn": EXAMPLES["LogKmsKeyArn"],
    "ReservedConcurrency": EXAMPLES["ReservedConcurrency"],
    "PublicBaseUrl": EXAMPLES["PublicBaseUrl"],
    "AppAuthorizations": "{}",
    "PermissionsBoundaryArn": EXAMPLES["PermissionsBoundaryArn"],
}


def test_the_parts_are_off_unless_asked_for(deploy):
    there = set(deploy().resources())
    assert not {"Domain", "DomainMapping", "RecordOfIpv4", "RecordOfIpv6", "Firewall"} & there


def test_whatever_parts_are_chosen_nothing_refers_to_what_is_not_there(stack, deploy):
    conditional = {name for name, it in stack["Resources"].items() if "Condition" in it}
    seen = set()
    for chosen in product([False, True], repeat=len(SWITCHES)):
        deployment = deploy(**{name: SWITCHES[name] for name, on in zip(SWITCHES, chosen) if on})
        # Both fail where a value comes from a resource that a condition leaves out.
        seen |= conditional & set(deployment.resources())
        deployment.outputs()
    assert seen == conditional


def test_a_domain_is_mapped_to_the_stage_and_gets_its_records(deploy):
    domain = {"DomainName": "connect.example.com", "CertificateArn": EXAMPLES["CertificateArn"]}
    without_zone = deploy(**domain)
    there = without_zone.resources()
    assert there["Domain"]["Properties"]["EndpointConfiguration"]["Types"] == ["REGIONAL"]
    assert there["Domain"]["Properties"]["RegionalCertificateArn"] == EXAMPLES["CertificateArn"]
    # The base path is empty, so that the redirect URI is short.
    assert there["DomainMapping"]["Properties"] == {"DomainName": "Domain", "RestApiId": "abc123", "Stage": "ApiliveStage"}
    assert without_zone.outputs()["DomainTarget"] == "Domain.RegionalDomainName"
    assert not {"RecordOfIpv4", "RecordOfIpv6"} & set(there)
    with_zone = deploy(**domain, HostedZoneId="Z0123456789ABCDEFGHIJ").resources()
    for name, kind in [("RecordOfIpv4", "A"), ("RecordOfIpv6", "AAAA")]:
        properties = with_zone[name]["Properties"]
        assert (properties["Name"], properties["Type"]) == ("connect.example.com", kind)
        assert properties["AliasTarget"] == {
            "DNSName": "Domain.RegionalDomainName",
            "HostedZoneId": "Domain.RegionalHostedZoneId",
        }


def test_a_firewall_stands_before_the_stage(stack, deploy):
    (firewall,) = [it for it in deploy(WebAclArn=EXAMPLES["WebAclArn"]).resources().values() if it["Type"].startswith("AWS::WAFv2")]
    assert firewall["Properties"] == {
        "WebACLArn": EXAMPLES["WebAclArn"],
        "ResourceArn": "arn:aws:apigateway:eu-west-1::/restapis/abc123/stages/ApiliveStage",
    }
    assert deploy().outputs()["StageArn"] == firewall["Properties"]["ResourceArn"]
    # Of the resource, so that it is there before.
    assert "ApiliveStage" in stack["Resources"]
    assert "ApiliveStage" in str(stack["Resources"]["Firewall"])


@pytest.mark.parametrize("kind", ["AWS::EC2::VPC", "AWS::EC2::SecurityGroup"])
def test_there_is_no_network_of_its_own(stack, kind):
    assert not resources(stack, kind)


def test_the_firewall_to_start_from_writes_down_no_query_and_judges_none():
    starter = yaml_parse((ROOT / "docs/waf.yaml").read_text())["Resources"]
    fields = starter["Logging"]["Properties"]["RedactedFields"]
    assert {"QueryString": {}} in fields and {"UriPath": {}} in fields
    headers = {field["SingleHeader"]["Name"] for field in fields if "SingleHeader" in field}
    assert {"authorization", "cookie", "x-amz-security-token"} <= headers
    # A sample is a request as it came, whatever is redacted.
    assert set(values_of(starter, "SampledRequestsEnabled")) == {False}
    groups = {group["Name"] for group in values_of(starter, "ManagedRuleGroupStatement")}
    assert groups == {"AWSManagedRulesAmazonIpReputationList"}
