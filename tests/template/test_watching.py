"""The alarms, the dashboard and the saved queries, read from the CloudFormation that SAM makes of the template."""

import json
import re

import pytest
from documents import ROOT, anchors, section

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"

NAMESPACE = "AppFabricConnect"

STATES = {"missing", "unknown", "expired", "used", "finished", "other_browser", "other_authorization"}

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

# What Lambda's own lines have: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
LAMBDAS_FIELDS = {"type", "record.metrics.initDurationMs"}

# What CloudWatch Logs knows of every line, and what the JSON of every line of ours has.
EVERY_LINES_FIELDS = {"@timestamp", "@message", "timestamp", "level", "message"}


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


def sources():
    return "".join(file.read_text() for file in sorted((ROOT / "src").rglob("*.rs")))


def outcomes():
    """The function's outcomes with their reasons, from its one table of them."""
    table = (ROOT / "src/values/outcome.rs").read_text()
    found = re.findall(r'\((Pending|Failed), Some\("(\w+)"\)', table)
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


def link_of(alarm):
    """The page and the anchor that end the alarm's description."""
    return re.search(r" (docs/(?:operate|reasons)\.md)#([\w-]+)$", alarm["AlarmDescription"]).groups()


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


def test_every_alarm_says_what_to_do_and_where_the_documents_say_more(stack):
    for name, alarm in alarms(stack).items():
        description = alarm["AlarmDescription"]
        # CloudWatch takes no longer one.
        assert 150 < len(description) <= 1024, name
        page, anchor = link_of(alarm)
        assert anchor in anchors(page), name


def test_the_metrics_are_those_that_the_function_sends():
    source = (ROOT / "src/ops/metrics.rs").read_text()
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


def test_an_answer_is_slow_at_nine_tenths_of_the_functions_own_time(stack):
    alarm = alarms(stack)["SlowFunctionAlarm"]
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    budget = (ROOT / "src/values/budget.rs").read_text()
    longest, reserve = (
        int(re.search(rf"const {name}: Duration = Duration::from_secs\((\d+)\)", budget)[1])
        for name in ["LONGEST", "RESERVE"]
    )
    assert longest < function["Timeout"] - reserve
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Period"]) == ("Duration", "Maximum", 3600)
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (900 * longest, 2, 24)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def result(expression, values):
    """The value of a metric math expression, in the little of its language that the template uses."""
    python = re.sub(r"\bIF\(", "choose(", expression)
    # An id of CloudWatch's may be a name of Python's.
    python = re.sub(r"\b(all|failed)\b", r"value_of_\1", python)
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


def test_the_page_has_every_alarm_with_the_section_that_its_description_names(stack):
    row = r"^\| `(\w+Alarm)` \|.*\[[^\]]+\]\(([\w.-]*)#([\w-]+)\) \|$"
    rows = {
        name: (f"docs/{page or 'operate.md'}", anchor)
        for name, page, anchor in re.findall(row, section("docs/operate.md", "## The alarms"), re.MULTILINE)
    }
    assert rows == {name: link_of(alarm) for name, alarm in alarms(stack).items()}


def dashboard(stack, **parameters):
    (found,) = resources(stack, "AWS::CloudWatch::Dashboard").values()
    return json.loads(deployed(stack, found, **parameters)["DashboardBody"])


def widgets(stack, kind):
    return [it["properties"] for it in dashboard(stack)["widgets"] if it["type"] == kind]


def lines_of(widget):
    """Each line of a metric widget: the namespace, the name, the dimensions and the options; "." is as above."""
    above = []
    for line in widget["metrics"]:
        options = line[-1] if isinstance(line[-1], dict) else {}
        names = [it for it in line if not isinstance(it, dict)]
        above = [above[index] if name == "." else name for index, name in enumerate(names)]
        namespace, name, *dimensions = above
        yield namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True)), {**widget, **options}


def shown(stack, name, namespace=NAMESPACE):
    return [
        (dimensions, options)
        for widget in widgets(stack, "metric")
        for found, metric, dimensions, options in lines_of(widget)
        if (found, metric) == (namespace, name)
    ]


def test_the_dashboard_is_json_whatever_the_stack_is_called(stack):
    for name in ["connect", "a-" + "b" * 126]:
        body = dashboard(stack, **{"AWS::StackName": name})
        assert set(body) == {"start", "periodOverride", "widgets"}
        # With "auto" CloudWatch would choose other periods, in which a few callbacks a day are not seen.
        assert body["periodOverride"] == "inherit"
        assert "${" not in json.dumps(body)


def test_every_widget_has_what_its_kind_needs_and_nothing_unknown(stack):
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    needed = {
        "text": {"markdown"},
        "alarm": {"alarms"},
        "log": {"query", "region"},
        "metric": {"metrics", "region"},
    }
    possible = {
        "text": set(),
        "alarm": {"sortBy", "title"},
        "log": {"stacked", "title", "view"},
        "metric": {"period", "setPeriodToTimeRange", "stacked", "stat", "title", "view"},
    }
    for widget in dashboard(stack)["widgets"]:
        kind, properties = widget["type"], set(widget["properties"])
        assert set(widget) == {"type", "x", "y", "width", "height", "properties"}
        assert needed[kind] <= properties <= needed[kind] | possible[kind], properties
        assert widget["properties"].get("view") in {"text": {None}, "alarm": {None}, "log": {"table", "timeSeries"}}.get(
            kind, {"bar", "timeSeries"}
        )
        assert widget["properties"].get("region", "eu-west-1") == "eu-west-1"


def test_no_widget_lies_over_another_or_beside_the_grid(stack):
    taken = set()
    for widget in dashboard(stack)["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        for x in range(widget["x"], widget["x"] + widget["width"]):
            for y in range(widget["y"], widget["y"] + widget["height"]):
                assert (x, y) not in taken, widget["properties"].get("title")
                taken.add((x, y))
    assert len(taken) == 24 * (1 + max(y for _, y in taken))


def test_every_line_is_a_metric_of_this_stack(stack):
    for widget in widgets(stack, "metric"):
        for namespace, name, dimensions, options in lines_of(widget):
            assert_is_a_metric_of_this_stack(stack, namespace, name, dimensions)
            assert options["stat"] in {"Sum", "SampleCount", "Maximum", "p50", "p90", "p99"}
            assert options["period"] == 3600


def test_the_dashboard_is_one_that_may_cost_nothing(stack):
    # The free tier has three dashboards of up to 50 metrics.
    assert sum(len(widget["metrics"]) for widget in widgets(stack, "metric")) <= 50


def test_the_dashboard_shows_every_outcome_and_every_reason(stack):
    callbacks = [dimensions for dimensions, _ in shown(stack, "Callbacks")]
    assert [it["Outcome"] for it in callbacks if "Reason" not in it] == ["connected", "pending", "failed"]
    reasons = [(it["Outcome"], it["Reason"]) for it in callbacks if "Reason" in it]
    assert len(reasons) == len(set(reasons)) and set(reasons) == outcomes()


@pytest.mark.parametrize("name", ["StateRefused", "StateWouldRefuse"])
def test_the_dashboard_shows_why_states_are_refused(stack, name):
    source = (ROOT / "src/connect/state.rs").read_text()
    assert {it for it in STATES if f'=> "{it}"' in source} == STATES
    assert sorted(dimensions["Reason"] for dimensions, _ in shown(stack, name)) == sorted(STATES)


@pytest.mark.parametrize("name", ["AppFabricLatency", "CallbackDuration"])
def test_the_dashboard_shows_percentiles(stack, name):
    assert [options["stat"] for _, options in shown(stack, name)] == ["p50", "p90", "p99"]


@pytest.mark.parametrize("name", ["Duplicates", "FlowTableUnreachable"])
def test_the_dashboard_shows_what_else_the_function_counts(stack, name):
    assert [options["stat"] for _, options in shown(stack, name)] == ["Sum"]


def test_the_dashboard_shows_what_aws_counts(stack):
    for namespace, name in AWS_METRICS:
        assert shown(stack, name, namespace), name


def test_the_dashboard_shows_every_alarm(stack):
    (widget,) = widgets(stack, "alarm")
    expected = (f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}" for name in alarms(stack))
    assert sorted(widget["alarms"]) == sorted(expected)


def test_the_dashboard_says_how_it_is_read(stack):
    (text,) = widgets(stack, "text")
    for query in queries(stack).values():
        assert f"*{query['Name'].partition('/')[2]}*" in text["markdown"]


def test_an_output_leads_to_the_dashboard(stack):
    (name,) = resources(stack, "AWS::CloudWatch::Dashboard")
    assert deployed(stack, stack["Outputs"]["DashboardUrl"]["Value"]) == (
        f"https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards:name={name}"
    )


def test_two_stacks_of_one_name_in_two_regions_have_two_dashboards(stack):
    names = {
        deployed(stack, it["DashboardName"], **{"AWS::Region": region})
        for it in resources(stack, "AWS::CloudWatch::Dashboard").values()
        for region in ["eu-west-1", "us-east-1"]
    }
    assert len(names) == 2


def queries(stack):
    return {name: deployed(stack, it) for name, it in resources(stack, "AWS::Logs::QueryDefinition").items()}


def every_query(stack):
    """The saved ones, then those of the dashboard without the log group that they begin with."""
    for query in queries(stack).values():
        yield query["QueryString"]
    for widget in widgets(stack, "log"):
        group, query = re.fullmatch(r"SOURCE '(\w+)' \| (.*)", widget["query"]).groups()
        assert group == "LogGroup"
        yield query


def test_the_saved_queries_are_in_a_folder_of_the_stack(stack):
    assert {query["Name"] for query in queries(stack).values()} == {
        "connect/This reference",
        "connect/Last failures by reason",
        "connect/Would-be refusals",
    }


def test_the_queries_ask_the_functions_own_log(stack):
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    for query in queries(stack).values():
        assert deployed(stack, function["LoggingConfig"]["LogGroup"]) in query["LogGroupNames"]
        assert set(query["LogGroupNames"]) <= set(resources(stack, "AWS::Logs::LogGroup"))


def test_a_reference_is_asked_for_and_looked_for_in_whole_lines(stack):
    query = queries(stack)["ThisReferenceQuery"]
    assert query["LogGroupNames"] == ["LogGroup", "AccessLogGroup"]
    assert [it["Name"] for it in query["Parameters"]] == re.findall(r"\{\{(\w+)\}\}", query["QueryString"]) == ["reference"]
    # Lambda's own lines and later deliveries of a code have it in other fields.
    assert '| filter @message like "{{reference}}"' in query["QueryString"]
    # With a limit and no order, which lines are left out would be chance.
    assert query["QueryString"].index("| sort @timestamp asc") < query["QueryString"].index("| limit")


def test_the_queries_are_of_the_language(stack):
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
    commands = {
        "fields": r"{field}(, {field})*",
        "filter": r"{condition}( and {condition})*",
        "sort": r"{field} (asc|desc)",
        "limit": r"[1-9]\d*",
        "stats": r"{aggregate}(, {aggregate})* by {group}(, {group})*",
    }
    # What has other characters than letters, digits, @ and dots wants backticks.
    field = r"(@?[A-Za-z][A-Za-z0-9.]*|`[a-z][a-z_.]*`)"
    parts = {
        "field": field,
        "condition": rf"{field} (=|!=|like) \"[\w{{}}. -]+\"",
        "aggregate": rf"(count\(\*\)|(count|latest)\({field}\)) as [A-Za-z]+",
        "group": rf"({field}|bin\(1h\))",
    }
    seen = set()
    for query in every_query(stack):
        for command in query.split("|"):
            name, _, rest = " ".join(command.split()).partition(" ")
            pattern = re.sub(r"\{(\w+)\}", lambda found: f"(?:{parts[found[1]]})", commands[name])
            assert re.fullmatch(pattern, rest), command
            seen.add(name)
    assert seen == set(commands)


def test_the_queries_ask_for_fields_that_are_logged(stack):
    source = sources()
    # What stands before " = ", or alone between commas, in the macros that log.
    macros = re.findall(r"(?:tracing::(?:error|warn|info)|line)!\((.*?)\n? *\);", source, re.DOTALL)
    members = {
        member
        for macro in macros
        for member in re.findall(r"(?:^|,)\s*([a-z_]+(?:\.[a-z_]+)*)(?= = |,|$)", re.sub(r'"[^"]*"', '""', macro))
    }
    assert {"reference", "operation", "look_up.error_code", "ledger"} <= members
    logged = members | EVERY_LINES_FIELDS | LAMBDAS_FIELDS
    for query in every_query(stack):
        text = re.sub(r'"[^"]*"', "", query)
        aliases = set(re.findall(r" as (\w+)", text))
        words = set(re.findall(r"[@\w][\w.]*", text)) - aliases
        words -= {"and", "as", "asc", "bin", "by", "count", "desc", "latest", "like"}
        words -= {"fields", "filter", "limit", "sort", "stats"}
        words = {it for it in words if not re.fullmatch(r"\d+h?", it)}
        assert words and words <= logged, words - logged


def test_the_queries_ask_for_lines_that_are_logged(stack):
    source = sources()
    for query in every_query(stack):
        for message in re.findall(r'\bmessage = "([^"]+)"', query):
            # A message is the macro's last argument.
            assert re.search(rf'"{message}"\n? *\);', source), message
        for outcome in re.findall(r'\boutcome != "([^"]+)"', query):
            assert re.search(rf'Self::\w+ => "{outcome}"', source), outcome
