"""The stack that CloudFormation makes of the template: SAM's transform, then parameters, conditions and functions.

As a program it writes what is deployed with every optional part off and with every one on, for linters, the plain
CloudFormation of a release, for CDK, and what the API answers by itself, for a browser:

    python tests/template/stack.py FOLDER
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / ".ci"))

from rendering import cloudformation, source, transformed

# What a deployment says to each parameter that is empty by default, where the template may look at it.
EXAMPLES = {
    "SuccessUrl": "https://example.com/done",
    "PendingUrl": "https://example.com/soon",
    "FailureUrl": "https://example.com/sorry",
    "PublicBaseUrl": "https://cdn.example.com",
    "AppAuthorizations": "{}",
    "AppFabricRegion": "us-east-1",
    "AppFabricKmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "DomainName": "connect.example.com",
    "CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555",
    "HostedZoneId": "Z0123456789ABCDEFGHIJ",
    "WebAclArn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/connect/11111111-2222-3333-4444-555555555555",
    "ReservedConcurrency": "10",
    "LogKmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:connections",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundaries/functions",
}

# The account that the tests deploy to.
ACCOUNT = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "connect",
}

NOTHING = {"Ref": "AWS::NoValue"}


class Deployment:
    """A stack with these parameters, or their defaults, in the account of the tests.

    `Api` is abc123; any other resource is called by its logical ID, and its attribute is `ID.Attribute`. Without `names` what
    only an account can know stays a function.
    """

    def __init__(self, stack, parameters=None, names=True):
        parameters = parameters or {}
        unknown = set(parameters) - set(stack["Parameters"]) - set(ACCOUNT)
        assert not unknown, unknown
        self.stack = stack
        self.names = names
        self.values = {
            **(ACCOUNT if names else {}),
            **{name: it.get("Default") for name, it in stack["Parameters"].items()},
            **parameters,
        }
        self.there = {name: it for name, it in stack["Resources"].items() if self._holds(it.get("Condition"))}

    def allowed(self):
        """Whether the template's rules let it be."""
        for rule in self.stack.get("Rules", {}).values():
            if self.value(rule.get("RuleCondition", True)):
                if not all(self.value(it["Assert"]) for it in rule["Assertions"]):
                    return False
        return True

    def resources(self):
        """What is deployed, by logical ID."""
        return {name: self.value({key: it[key] for key in it if key != "Condition"}) for name, it in self.there.items()}

    def outputs(self):
        found = {name: it for name, it in self.stack["Outputs"].items() if self._holds(it.get("Condition"))}
        return {name: self.value(it["Value"]) for name, it in found.items()}

    def template(self):
        """A template without parameters, conditions and mappings, which deploys the same."""
        outputs = {name: {"Value": value} for name, value in self.outputs().items()}
        return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": self.resources(), "Outputs": outputs}

    def value(self, node):
        """What CloudFormation makes of a value, in the functions that the template uses."""
        match node:
            case {"Ref": name, **rest} if not rest:
                return self._ref(name)
            case {"Fn::GetAtt": [name, attribute]}:
                assert name in self.there, f"{name}.{attribute} of what is not deployed"
                return f"{name}.{attribute}" if self.names else node
            case {"Fn::Sub": [text, own]}:
                return self._fill(text, own)
            case {"Fn::Sub": text}:
                return self._fill(text, {})
            case {"Fn::If": [condition, then, otherwise]}:
                return self.value(then if self._holds(condition) else otherwise)
            case {"Fn::FindInMap": [name, first, second]}:
                return self.stack["Mappings"][name][first][second]
            case {"Condition": name, **rest} if not rest:
                return self._holds(name)
            case {"Fn::Not": [condition]}:
                return not self.value(condition)
            case {"Fn::And": conditions}:
                return all([self.value(it) for it in conditions])
            case {"Fn::Or": conditions}:
                return any([self.value(it) for it in conditions])
            case {"Fn::Equals": [left, right]}:
                return self.value(left) == self.value(right)
            case {"Fn::Contains": [values, value]}:
                return self.value(value) in self.value(values)
            case {"Fn::Join": [between, parts]}:
                return between.join(self.value(parts))
            case dict():
                assert not any(key.startswith("Fn::") for key in node), f"not a function that the tests know: {node}"
                values = {key: self._depends(value) if key == "DependsOn" else self.value(value) for key, value in node.items()}
                return {key: value for key, value in values.items() if value != NOTHING}
            case list():
                return [value for value in map(self.value, node) if value != NOTHING]
        return node

    def _holds(self, condition):
        return condition is None or self.value(self.stack["Conditions"][condition])

    def _ref(self, name):
        if name in self.values:
            return self.values[name]
        assert name in self.there or name.startswith("AWS::"), f"{name} is not deployed"
        if self.names and name in self.there:
            return "abc123" if name == "Api" else name
        return {"Ref": name}

    def _depends(self, names):
        """CloudFormation waits for nothing that a condition leaves out; what is no resource at all is a fault."""
        names = names if isinstance(names, list) else [names]
        assert set(names) <= set(self.stack["Resources"]), names
        return [name for name in names if name in self.there] or NOTHING

    def _fill(self, text, own):
        own = {name: self.value(value) for name, value in own.items()}
        left = {}

        def one(found):
            name = found[1]
            if name in own:
                value = own[name]
            elif "." in name:
                value = self.value({"Fn::GetAtt": name.split(".", 1)})
            else:
                value = self._ref(name)
            if not isinstance(value, dict):
                return str(value)
            if name in own:
                left[name] = value
            return found[0]

        filled = re.sub(r"\$\{([^}!]+)\}", one, text)
        if left:
            return {"Fn::Sub": [filled, left]}
        return {"Fn::Sub": filled} if "${" in filled else filled


def optional(stack):
    """The parameters that switch a part of the stack on, with what switches it."""
    asked = set(refs(stack["Conditions"]))
    return {name: EXAMPLES.get(name, "set") for name in sorted(asked) if stack["Parameters"][name].get("Default") == ""}


def refs(node):
    return values_of(node, "Ref")


def references(node):
    """All parameters and resources that the tree refers to; of a resource's attribute both."""
    texts = [it for value in values_of(node, "Fn::Sub") for it in strings(value)]
    inside = {name for text in texts for name in re.findall(r"\$\{([^}!]+)\}", text)}
    attributes = {".".join(it) for it in values_of(node, "Fn::GetAtt")}
    return {it for it in {*refs(node), *inside, *attributes} if not it.startswith("AWS::")}


def resources(stack, kind):
    return {name: it for name, it in stack["Resources"].items() if it["Type"] == kind}


def only(stack, kind):
    found = resources(stack, kind)
    assert len(found) == 1, f"{kind}: {sorted(found)}"
    return next(iter(found.values()))["Properties"]


def function(stack):
    return only(stack, "AWS::Lambda::Function")


def role(stack):
    """The function's role."""
    return stack["Resources"]["Role"]["Properties"]


def statements(policies):
    """Every statement of these policies, the optional ones too."""
    for policy in policies:
        for one in policy["Fn::If"][1:] if "Fn::If" in policy else [policy]:
            if one != NOTHING:
                yield from one["PolicyDocument"]["Statement"]


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


def default(stack, value):
    """The value, or the default of the parameter that it refers to."""
    return stack["Parameters"][value["Ref"]]["Default"] if isinstance(value, dict) else value


def as_list(value):
    return value if isinstance(value, list) else [value]


def gateway_responses(deployment):
    """What the API answers by itself: the headers and the body of each type, as they are sent."""
    found = deployment.resources()["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    return {
        kind: {
            "headers": {name.rpartition(".")[2]: value[1:-1] for name, value in it["responseParameters"].items()},
            "body": next(iter(it["responseTemplates"].values())),
        }
        for kind, it in found.items()
    }


def write(folder):
    stack = transformed(source())
    folder.mkdir(parents=True, exist_ok=True)
    for name, parameters in {"off": {}, "on": optional(stack)}.items():
        deployment = Deployment(stack, parameters, names=False)
        (folder / f"{name}.json").write_text(json.dumps(deployment.template(), indent=1))
    (folder / "cloudformation.json").write_text(cloudformation("test"))
    (folder / "gateway_responses.json").write_text(json.dumps(gateway_responses(Deployment(stack))))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
