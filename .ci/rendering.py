"""The template in other forms: what a release attaches, and what the tests of the template read.

    rendering.py sam ZIP FILE                  the SAM template in one file, whose function is the zip beside it
    rendering.py cloudformation VERSION FILE   plain CloudFormation in one file, with the zip's place in S3 as parameters

Both contain `watching.yaml`: its resources replace the nested stack.
"""

import copy
import hashlib
import json
import logging
import os
import re
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
from yaml import safe_dump

# The translator warns about features of its own.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

TEMPLATE = Path(__file__).parents[1] / "template.yaml"

ARCHITECTURES = ["arm64", "x86_64"]


class NoManagedPolicies:
    """The template uses none, so IAM is not asked for their names."""

    def load(self):
        return {}


def source():
    """The template before SAM's transform, with the resources of the nested stack in it."""
    # Plain types: SAM's parser has its own.
    template = read(TEMPLATE)
    for name, resource in list(template["Resources"].items()):
        if resource["Type"] == "AWS::CloudFormation::Stack":
            write_out(template, name, template["Resources"].pop(name))
    return template


def read(file):
    return json.loads(json.dumps(yaml_parse(file.read_text())))


def write_out(template, name, resource):
    """Replaces a nested stack by its conditions and resources."""
    assert not {"Condition", "DependsOn"} & set(resource), f"{name}: not written for that"
    nested = read(TEMPLATE.parent / resource["Properties"]["TemplateURL"])
    given = resource["Properties"]["Parameters"]
    assert set(given) == set(nested["Parameters"]), f"{name}: {set(given) ^ set(nested['Parameters'])}"
    # Outside a stack of its own, anything else would be lost or mean something else.
    assert set(nested) == {"AWSTemplateFormatVersion", "Description", "Parameters", "Conditions", "Resources", "Outputs"}
    assert all(set(it) == {"Type", "Description"} and it["Type"] == "String" for it in nested["Parameters"].values())
    assert not any("Condition" in it for it in nested["Outputs"].values())
    assert "AWS::Stack" not in json.dumps(nested) and '{"Fn::Sub": [' not in json.dumps(nested)
    for part in ["Conditions", "Resources"]:
        assert not set(nested[part]) & set(template[part]), f"{name}: {part} of one name"
        template[part] |= with_values(nested[part], given)
    outputs = {f"Outputs.{output}": with_values(it["Value"], given) for output, it in nested["Outputs"].items()}
    template["Outputs"] = replaced(
        template["Outputs"],
        lambda node: outputs[node["Fn::GetAtt"][1]] if isinstance(node, dict) and node.get("Fn::GetAtt", [None])[0] == name else None,
    )
    assert f'"{name}"' not in json.dumps(template) and f"${{{name}" not in json.dumps(template), f"{name} is used elsewhere"


def with_values(node, values):
    """The tree with each parameter replaced by the value that the nested stack is given."""

    def one(node):
        match node:
            case {"Ref": name, **rest} if not rest and name in values:
                return values[name]
            case {"Fn::Sub": str(text)}:
                return {"Fn::Sub": re.sub(r"\$\{(\w+)\}", lambda found: in_text(values, found[1]) or found[0], text)}
        return None

    return replaced(node, one)


def in_text(values, name):
    """The reference that stands for a parameter in the text of an Fn::Sub. Every value is a Ref."""
    return f"${{{values[name]['Ref']}}}" if name in values else None


def replaced(node, one):
    """The tree, with each part replaced for which `one` returns a value."""
    found = one(node)
    if found is not None:
        return found
    if isinstance(node, dict):
        return {key: replaced(value, one) for key, value in node.items()}
    if isinstance(node, list):
        return [replaced(value, one) for value in node]
    return node


def transformed(source):
    """The CloudFormation that SAM makes of it."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    fragment = copy.deepcopy(source)
    for resource in fragment["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function" and not resource["Properties"]["CodeUri"].startswith("s3:"):
            # What `sam package` does: the translator takes no local path.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(fragment, {}, NoManagedPolicies())


def sam(archive):
    """The SAM template whose function is this zip, for the one processor that it was built for."""
    template = source()
    (architecture,) = (it for it in ARCHITECTURES if archive.endswith(f"-{it}.zip"))
    template["Parameters"]["Architecture"] |= {"Default": architecture, "AllowedValues": [architecture]}
    function = template["Resources"]["Function"]
    # The zip is built already.
    del function["Metadata"]["BuildMethod"], function["Metadata"]["BuildProperties"]
    function["Properties"]["CodeUri"] = archive
    return safe_dump(template, sort_keys=False, width=130, allow_unicode=True)


def cloudformation(version):
    """The same without a transform. The zip has to be in S3; two parameters say where."""
    template = source()
    # It makes another logical ID each time.
    del template["Resources"]["Api"]["Properties"]["AlwaysDeploy"]
    template["Resources"]["Function"]["Properties"]["CodeUri"] = f"s3://release/{version}"
    template = json.loads(json.dumps(transformed(template)))
    template["Parameters"] |= {
        "CodeBucket": {"Type": "String", "Description": "The S3 bucket, in the stack's Region, that has the release's zip"},
        "CodeKey": {
            "Type": "String",
            "Description": "The zip's key in the bucket. Another key for each release, or CloudFormation sees no new code.",
        },
    }
    template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].insert(
        0, {"Label": {"default": "Where the code is"}, "Parameters": ["CodeBucket", "CodeKey"]}
    )
    template["Resources"]["Function"]["Properties"]["Code"] = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}
    # SAM gives every resource that it makes of the function the policy that is meant for its versions.
    for resource in template["Resources"].values():
        if "UpdateReplacePolicy" in resource and "DeletionPolicy" not in resource:
            del resource["UpdateReplacePolicy"]
    # New code has to publish a version, too.
    settings = template["Resources"]["SettingsVersion"]["Properties"]["Content"]
    settings["Fn::Sub"] += f"Code=${{CodeBucket}}/${{CodeKey}} of {version}\n"
    # API Gateway deploys a changed API with a new deployment only, so a changed template gets a new deployment.
    (deployment,) = (name for name, it in template["Resources"].items() if it["Type"] == "AWS::ApiGateway::Deployment")
    text = json.dumps(template, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return text.replace(deployment, f"ApiDeployment{hashlib.sha256(text.encode()).hexdigest()[:10]}")


if __name__ == "__main__":
    form, argument, file = sys.argv[1:]
    Path(file).write_text({"sam": sam, "cloudformation": cloudformation}[form](argument))
