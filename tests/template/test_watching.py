"""The alarms, read from the CloudFormation that SAM makes of the template."""

import copy
import os
import re
from pathlib import Path

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"

NAMESPACE = "AppFabricConnect"

STATES = {"missing", "unknown", "expired", "used", "other_browser", "other_authorization"}

# What the function sends to CloudWatch with its own name as a dimension: the metrics by their dimensions.
OWN_METRICS = {
    ("Callbacks", ("FunctionName", "Outcome")),
    ("Callbacks", ("FunctionName", "Outcome", "Reason")),
    ("AppFabricLatency", ("FunctionName",)),
    ("CallbackDuration", ("FunctionName",)),
    ("Duplicates", ("FunctionName",)),
    ("FlowTableUnreachable", ("FunctionName",)),
    ("StateRefused", ("FunctionName",)),
    ("StateRefused", ("FunctionName", "Reason")),
    ("StateWouldRefuse", ("FunctionName",)),
    ("StateWouldRefuse", ("FunctionName", "Reason")),
}

# What Lambda and API Gateway send by themselves.
AWS_METRICS = {
    **{
        ("AWS/Lambda", name): ("FunctionName",)
        for name in ["ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"]
    },
    **{("AWS/ApiGateway", name): ("ApiName", "Stage") for name in ["4XXError", "5XXError", "Count"]},
}


class NoManagedPolicies:
    """The template uses none, so IAM is not asked for their names."""

    def load(self):
        return {}


@pytest.fixture(scope="session")
def stack():
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    fragment = copy.deepcopy(yaml_parse((ROOT / "template.yaml").read_text()))
    for resource in fragment["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # What `sam package` does: the translator takes no local path.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(fragment, {}, NoManagedPolicies())


def resources(stack, kind):
    return {name: it["Properties"] for name, it in stack["Resources"].items() if it["Type"] == kind}


def deployed(stack, node, **parameters):
    """What CloudFormation would make of the tree, with these parameters; a resource is its own logical ID."""
    names = {
        "AWS::Region": "eu-west-1",
        "AWS::StackName": "connect",
        **{name: name for name in stack["Resources"]},
        **{name: it.get("Default") for name, it in stack["Parameters"].items()},
        **parameters,
    }

    def value(name):
        resource, _, attribute = name.partition(".")
        if attribute:
            assert (stack["Resources"][resource]["Type"], attribute) == ("AWS::CloudWatch::Alarm", "Arn"), name
            return f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{resource}"
        return names[name]

    def walk(node):
        match node:
            case {"Ref": "AWS::NoValue"}:
                return None
            case {"Ref": name}:
                return names[name]
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(value(found[1])), text)
            case {"Fn::If": [condition, then, otherwise]}:
                return walk(then if walk(stack["Conditions"][condition]) else otherwise)
            case {"Fn::Not": [condition]}:
                return not walk(condition)
            case {"Fn::Equals": [left, right]}:
                return walk(left) == walk(right)
            case dict():
                walked = {key: walk(child) for key, child in node.items()}
                return {key: child for key, child in walked.items() if child is not None}
            case list():
                return [walk(child) for child in node]
        return node

    return walk(node)


def alarms(stack, **parameters):
    return {name: deployed(stack, it, **parameters) for name, it in resources(stack, "AWS::CloudWatch::Alarm").items()}


def metrics_of(alarm):
    """Each metric that the alarm looks at: the namespace, the name and the dimensions."""
    found = [it["MetricStat"]["Metric"] for it in alarm.get("Metrics", []) if "MetricStat" in it] or [alarm]
    for metric in found:
        yield metric["Namespace"], metric["MetricName"], {it["Name"]: it["Value"] for it in metric["Dimensions"]}


def periods_of(alarm):
    return {it["MetricStat"]["Period"] for it in alarm.get("Metrics", []) if "MetricStat" in it} or {alarm["Period"]}


def outcomes():
    """The function's outcomes with their reasons, from its one table of them."""
    table = (ROOT / "src/outcome.rs").read_text()
    found = re.findall(r'ResultPage::(Pending|Failed),\s+Some\("(\w+)"\)', table)
    assert len(found) == 12
    return {(page.lower(), reason) for page, reason in found}


def assert_is_a_metric_of_this_stack(stack, namespace, name, dimensions):
    if namespace == NAMESPACE:
        assert (name, tuple(sorted(dimensions))) in OWN_METRICS, name
    else:
        assert tuple(sorted(dimensions)) == AWS_METRICS[namespace, name], name
    expected = {"FunctionName": "Function", "ApiName": api_name(stack), "Stage": "live"}
    for dimension, value in dimensions.items():
        if dimension == "Outcome":
            assert value in {"connected", "pending", "failed"}
        elif dimension == "Reason" and name == "Callbacks":
            assert (dimensions["Outcome"], value) in outcomes()
        elif dimension == "Reason":
            assert value in STATES
        else:
            assert value == expected[dimension], dimension


def api_name(stack):
    """The name by which API Gateway counts: the property, else the title of the API's definition."""
    (api,) = resources(stack, "AWS::ApiGateway::RestApi").values()
    return deployed(stack, api.get("Name") or api["Body"]["info"]["title"])


def anchors():
    """Where links into the README lead, as GitHub makes it of a heading."""
    for heading in re.findall(r"^#+ (.+)$", (ROOT / "README.md").read_text(), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(heading):
    """The README from a heading to the next one of its rank."""
    readme = (ROOT / "README.md").read_text()
    rank = heading.split()[0]
    return re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(rank)}}} |\Z)", readme, re.MULTILINE | re.DOTALL)[1]


def test_the_alarms_are_these(stack):
    assert set(alarms(stack)) == {
        "ApiErrorsAlarm",
        "ApplicationErrorAlarm",
        "FailedCallbacksAlarm",
        "FailedCallbacksOfADayAlarm",
        "FlowTableUnreachableAlarm",
        "FunctionErrorsAlarm",
        "FunctionThrottlesAlarm",
        "NotConnectedAlarm",
        "SlowFunctionAlarm",
        "StateRefusedAlarm",
        "UnconfirmedAlarm",
        "UnknownConnectionAlarm",
    }


def test_no_alarm_depends_on_a_parameter(stack):
    for name, resource in stack["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert "Condition" not in resource, name


def test_every_alarm_tells_the_topic_when_there_is_one(stack):
    for name, alarm in alarms(stack, AlarmTopicArn=TOPIC).items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC], name


def test_without_a_topic_no_alarm_tells_anybody(stack):
    for name, alarm in alarms(stack).items():
        assert not {"AlarmActions", "OKActions", "InsufficientDataActions"} & set(alarm), name


@pytest.mark.parametrize(
    ("topic", "allowed"),
    [
        ("", True),
        (TOPIC, True),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:a_b-C", True),
        (f"{TOPIC}.fifo", False),
        (f"{TOPIC}:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55", False),
        ("arn:aws:sqs:eu-west-1:123456789012:alarms", False),
        ("alarms", False),
    ],
)
def test_a_topic_is_the_arn_of_a_standard_sns_topic(stack, topic, allowed):
    assert bool(re.fullmatch(stack["Parameters"]["AlarmTopicArn"]["AllowedPattern"], topic)) is allowed


def test_where_nobody_comes_no_alarm_rings(stack):
    for name, alarm in alarms(stack).items():
        assert alarm["TreatMissingData"] == "notBreaching", name


def test_every_alarm_says_what_to_do_and_where_the_readme_says_more(stack):
    for name, alarm in alarms(stack).items():
        description = alarm["AlarmDescription"]
        # CloudWatch takes no longer one.
        assert 150 < len(description) <= 1024, name
        link = re.search(r" README\.md#([\w-]+)$", description)
        assert link and link[1] in set(anchors()), name


def test_the_metrics_are_those_that_the_function_sends():
    source = (ROOT / "src/metrics.rs").read_text()
    sent = re.findall(r'(?:Metric|Self)::(?:count|milliseconds)\("(\w+)"|"(State\w+)"', source)
    assert {name for names in sent for name in names if name} == {name for name, _ in OWN_METRICS}
    assert 'FUNCTION_NAME: &str = "FunctionName"' in source and f'"Namespace": "{NAMESPACE}"' in source
    assert 'count("Callbacks", &["Outcome", "Reason"], &[&["Outcome", "Reason"], &["Outcome"]])' in source
    assert 'count(name, &["Reason"], &[&["Reason"], &[]])' in source


def test_every_alarm_looks_at_metrics_of_this_stack(stack):
    for alarm in alarms(stack).values():
        for namespace, name, dimensions in metrics_of(alarm):
            assert_is_a_metric_of_this_stack(stack, namespace, name, dimensions)


@pytest.mark.parametrize(
    ("name", "metric", "dimensions", "threshold"),
    [
        ("UnknownConnectionAlarm", "Callbacks", {"Outcome": "failed", "Reason": "unknown_connection"}, 1),
        ("ApplicationErrorAlarm", "Callbacks", {"Outcome": "failed", "Reason": "application_error"}, 1),
        ("NotConnectedAlarm", "Callbacks", {"Outcome": "failed", "Reason": "not_connected"}, 1),
        ("UnconfirmedAlarm", "Callbacks", {"Outcome": "pending", "Reason": "unconfirmed"}, 1),
        # One by one they are people.
        ("StateRefusedAlarm", "StateRefused", {}, 5),
        ("FlowTableUnreachableAlarm", "FlowTableUnreachable", {}, 1),
        ("FunctionErrorsAlarm", "Errors", {}, 1),
        ("FunctionThrottlesAlarm", "Throttles", {}, 1),
        ("ApiErrorsAlarm", "5XXError", None, 1),
    ],
)
def test_what_rings_at_so_many_in_an_hour(stack, name, metric, dimensions, threshold):
    alarm = alarms(stack)[name]
    ((_, counted, of),) = metrics_of(alarm)
    assert counted == metric
    if dimensions is not None:
        assert of == {"FunctionName": "Function", **dimensions}
    assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Sum", 3600, 1)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", threshold)


@pytest.mark.parametrize(
    ("name", "period"), [("FailedCallbacksAlarm", 3600), ("FailedCallbacksOfADayAlarm", 86400)]
)
def test_half_of_at_least_five_callbacks_is_too_many_that_fail(stack, name, period):
    alarm = alarms(stack)[name]
    assert periods_of(alarm) == {period}
    ratio, failed, every = alarm["Metrics"]
    # What is not there is no data for the one and never for the other: each callback has a duration.
    assert (failed["Id"], failed["MetricStat"]["Stat"]) == ("failed", "Sum")
    assert (every["Id"], every["MetricStat"]["Stat"]) == ("all", "SampleCount")
    assert [dimensions for *_, dimensions in metrics_of(alarm)] == [
        {"FunctionName": "Function", "Outcome": "failed"},
        {"FunctionName": "Function"},
    ]
    cases = [(4, 4, False), (2, 5, False), (3, 5, True), (5, 5, True), (49, 99, False), (50, 99, True), (0, 9, False)]
    for failures, callbacks, rings in cases:
        value = result(ratio["Expression"], {"failed": failures, "all": callbacks})
        assert (value >= alarm["Threshold"]) is rings, (failures, callbacks)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize("timeout", [10, 15, 21, 25, 28])
def test_an_answer_is_slow_at_nine_tenths_of_the_functions_own_time(stack, timeout):
    alarm = alarms(stack, Timeout=timeout)["SlowFunctionAlarm"]
    budget = (ROOT / "src/budget.rs").read_text()
    longest, reserve = (
        int(re.search(rf"const {name}: Duration = Duration::from_secs\((\d+)\)", budget)[1])
        for name in ["LONGEST", "RESERVE"]
    )
    limit = 900 * min(longest, timeout - reserve)
    slow, slowest = alarm["Metrics"]
    assert (slowest["Id"], slowest["MetricStat"]["Stat"]) == ("slowest", "Maximum")
    for duration, counts in [(limit - 1, 0), (limit, 1), (timeout * 1000, 1)]:
        assert result(slow["Expression"], {"slowest": duration}) == counts, duration
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 2, 24)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def result(expression, values):
    """The value of a metric math expression, in the little of its language that the template uses."""
    python = re.sub(r"\bIF\(", "choose(", expression).replace(" OR ", " or ")
    # An id of CloudWatch's may be a name of Python's.
    python = re.sub(r"\b(all|failed|slowest)\b", r"value_of_\1", python)
    names = {f"value_of_{name}": value for name, value in values.items()}
    return eval(python, {"choose": lambda condition, then, otherwise: then if condition else otherwise, **names})


def test_an_expression_is_the_one_thing_that_its_alarm_watches(stack):
    for name, alarm in alarms(stack).items():
        for metric in alarm.get("Metrics", []):
            assert metric.get("ReturnData", True) is ("Expression" in metric), name


def test_cloudwatch_takes_the_windows(stack):
    for name, alarm in alarms(stack).items():
        (period,) = periods_of(alarm)
        window = period * alarm["EvaluationPeriods"]
        assert period % 60 == 0 and window <= (86_400 if period < 3_600 else 604_800), name


def test_the_readme_has_every_alarm_with_the_section_that_its_description_names(stack):
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\[[^\]]+\]\(#([\w-]+)\) \|$", section("### The alarms"), re.MULTILINE))
    described = {
        name: re.search(r"README\.md#([\w-]+)$", alarm["AlarmDescription"])[1] for name, alarm in alarms(stack).items()
    }
    assert rows == described
