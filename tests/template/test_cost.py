"""What a month costs: the formula, the prices, and the table of docs/cost.md that is made of them.

Run as a program it prints the table. Every price is the public one of us-east-1 in US dollars, as of November 2026.
"""

import json
import re
from dataclasses import dataclass
from functools import cache

import pytest
from documents import text
from stack import ROOT, source

CALLBACKS = [0, 1_000, 1_000_000]

HOURS = 730
SECONDS = HOURS * 3600
GB = 10**9

# A callback with the flow that leads to it: POST /flows, GET and POST /connect/…, GET /callback/…, GET /connected.
REQUESTS = 5

# GetItem when the link is opened and when its button is pressed; always consistent, so one unit
# for the 4 KB that no item has.
READS = 2

# The flow is put, bound to the browser, its state taken, and it is finished; the code is put, and its outcome recorded. One
# unit for each KB, and no item has more than one.
WRITES = 6

ITEMS = 2
ITEM_BYTES = 1_000
# A link lives an hour unless the caller wants more; an item is kept 24 hours after it, and deleted within two days.
ITEM_DAYS = 3 + 1 / 24

# Assumed: five seconds of the function for all five requests, cold starts included. AppFabric's answer to the code, which it
# redeems at the application meanwhile, is most of it.
FUNCTION_SECONDS = 5

# Assumed: 3 KB for each answer, pages and headers together, on their way to the browser.
ANSWER_BYTES = 3_000

# Assumed: so many instances at once that use the table. Each has the key of the table looked up every five minutes at most.
INSTANCES = 10

# Assumed: of 100 callbacks 90 connect, the others fail for all the other reasons alike, and one code comes twice.
CONNECTED = 0.9
DUPLICATES = 0.01
REASONS = ["in_progress", "unconfirmed"] + [
    "access_denied",
    "application_error",
    "temporarily_unavailable",
    "invalid_request",
    "unknown_connection",
    "code_rejected",
    "not_connected",
    "invalid_state",
    "link_expired",
    "link_used",
]
STATES = 7

# CloudWatch Logs adds 26 bytes to each line, and the lines are kept for 90 days.
LINE_BYTES = 26
RETENTION_MONTHS = 3

UUID = "8f5ab3d2-0d3c-4f6e-9b1a-2c7d5e4f3a21"
TIMESTAMP = "2026-11-23T10:30:00.123456Z"
FUNCTION = "appfabric-connect-Function-AbCdEfGhIjKl"

CALLBACK_LINE = {
    "timestamp": TIMESTAMP,
    "level": "INFO",
    "message": "callback",
    "outcome": "connected",
    "connection": "slack",
    "flow": 64 * "0",
    "reference": UUID,
    "app": "SLACK",
    "status": "Connected",
    "aws.request_id": UUID,
    "attempts": 1,
    "look_ups": 0,
    "appfabric_ms": 1234,
    "duration_ms": 1345,
    "budget_left_ms": 18655,
    "cold_start": True,
    "state": "valid",
    "duplicate": False,
    "ledger": "table",
    "action": "nothing",
}

METRICS_LINE = {
    "_aws": {
        "Timestamp": 1795429800123,
        "CloudWatchMetrics": [
            {"Namespace": "AppFabricConnect", "Dimensions": dimensions, "Metrics": [{"Name": name, "Unit": unit}]}
            for name, unit, dimensions in [
                (
                    "Callbacks",
                    "Count",
                    [["Outcome", "Reason"], ["FunctionName", "Outcome", "Reason"], ["FunctionName", "Outcome"]],
                ),
                ("CallbackDuration", "Milliseconds", [[], ["FunctionName"]]),
                ("AppFabricLatency", "Milliseconds", [[], ["FunctionName"]]),
            ]
        ],
    },
    "level": "INFO",
    "timestamp": TIMESTAMP,
    "FunctionName": FUNCTION,
    "Outcome": "connected",
    "Reason": "none",
    "Callbacks": 1,
    "CallbackDuration": 1345,
    "AppFabricLatency": 1234,
}

FLOW_LINE = {
    "timestamp": TIMESTAMP,
    "level": "INFO",
    "message": "connect link followed",
    "reference": UUID,
    "flow": 64 * "0",
    "connection": "slack",
}
BEGUN_LINE = FLOW_LINE | {"caller": "arn:aws:sts::123456789012:assumed-role/links/i-0123456789abcdef0"}
PAGE_LINE = FLOW_LINE | {"status": 200, "route": "/connect/{flow}", "cause": "shown", "action": "nothing"}

# Lambda's own, as its documentation has them: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
LAMBDAS_LINES = [
    {
        "time": TIMESTAMP,
        "type": "platform.initStart",
        "record": {
            "initializationType": "on-demand",
            "phase": "init",
            "runtimeVersion": "provided:al2023.v100",
            "runtimeVersionArn": "arn:aws:lambda:us-east-1::runtime:" + 64 * "0",
            "functionName": FUNCTION,
            "functionVersion": "$LATEST",
            "instanceId": UUID,
            "instanceMaxMemory": 268435456,
        },
    },
    {"time": TIMESTAMP, "type": "platform.start", "record": {"requestId": UUID, "version": "$LATEST"}},
    {
        "time": TIMESTAMP,
        "type": "platform.report",
        "record": {
            "requestId": UUID,
            "metrics": {
                "durationMs": 1346.123,
                "billedDurationMs": 1447,
                "memorySizeMB": 256,
                "maxMemoryUsedMB": 32,
                "initDurationMs": 100.123,
            },
            "tracing": {
                "spanId": 16 * "0",
                "type": "X-Amzn-Trace-Id",
                "value": f"Root=1-{8 * '0'}-{24 * '0'};Parent={16 * '0'};Sampled=1",
            },
            "status": "success",
        },
    },
]

# Of the API's access log, which has about ten short members.
ACCESS_LINE_BYTES = 400


def line(members):
    return LINE_BYTES + len(json.dumps(members, separators=(",", ":")))


LOG_BYTES = (
    line(CALLBACK_LINE)
    + line(METRICS_LINE)
    + line(FLOW_LINE)
    + line(BEGUN_LINE)
    + line(PAGE_LINE)
    + REQUESTS * (sum(map(line, LAMBDAS_LINES)) + LINE_BYTES + ACCESS_LINE_BYTES)
)


@dataclass
class Cost:
    """A line of the bill: how much of it there is in a month with so many callbacks."""

    what: str
    formula: str
    amount: object
    price: float
    of: str
    per: float = 1
    free: float = 0

    def dollars(self, callbacks, free=False):
        amount = self.amount(callbacks) - (self.free if free else 0)
        return max(amount, 0) / self.per * self.price


def traces(callbacks):
    """The first request of each second, and one of twenty others."""
    requests = REQUESTS * callbacks
    first = min(requests, SECONDS)
    return first + 0.05 * (requests - first)


def metric_months(callbacks):
    """A metric costs what it costs for each hour in which it is sent, here as many hours as there can be."""
    refused = sum(reason in {"invalid_state", "link_expired", "link_used"} for reason in REASONS)
    failed = 1 - CONNECTED
    each = failed / len(REASONS)
    shares = [
        # Callbacks by FunctionName and Outcome, then by Outcome and Reason with FunctionName and without.
        *[CONNECTED, 2 * each, (len(REASONS) - 2) * each],
        *2 * ([CONNECTED] + len(REASONS) * [each]),
        # AppFabricLatency, CallbackDuration, Duplicates.
        *2 * [1, 1, DUPLICATES],
        # StateRefused by FunctionName, then by Reason with FunctionName and without.
        refused * each,
        *2 * STATES * [refused * each / STATES],
    ]
    return sum(min(HOURS, callbacks * share) for share in shares) / HOURS


template = cache(source)


def resources(kind):
    return [it["Properties"] for it in template()["Resources"].values() if it["Type"] == kind]


def default(parameter):
    return template()["Parameters"][parameter]["Default"]


def alarm_metrics():
    """An alarm costs by the metrics that it looks at."""
    alarms = resources("AWS::CloudWatch::Alarm")
    return sum(sum("MetricStat" in it for it in alarm.get("Metrics", [])) or 1 for alarm in alarms)


def key_look_ups(callbacks):
    return min((READS + WRITES) * callbacks, INSTANCES * HOURS * 12)


COSTS = [
    Cost(
        "API Gateway, REST requests",
        f"{REQUESTS} n",
        lambda n: REQUESTS * n,
        3.50, "1,000,000", 10**6,
    ),
    Cost(
        "Lambda, requests",
        f"{REQUESTS} n",
        lambda n: REQUESTS * n,
        0.20, "1,000,000", 10**6, free=10**6,
    ),
    Cost(
        "Lambda, arm64",
        f"{FUNCTION_SECONDS} s × {default('MemorySize')} MB × n",
        lambda n: FUNCTION_SECONDS * default("MemorySize") / 1024 * n,
        0.0000133334, "GB-second", free=400_000,
    ),
    Cost(
        "DynamoDB, writes on demand",
        f"{WRITES} n",
        lambda n: WRITES * n,
        0.625, "1,000,000", 10**6,
    ),
    Cost(
        "DynamoDB, reads on demand",
        f"{READS} n",
        lambda n: READS * n,
        0.125, "1,000,000", 10**6,
    ),
    Cost(
        "DynamoDB, storage",
        f"{ITEMS} × {ITEM_BYTES // 1000} KB × n × {ITEM_DAYS:.0f} days of 30",
        lambda n: ITEMS * ITEM_BYTES * n / GB * ITEM_DAYS / 30,
        0.25, "GB-month", free=25,
    ),
    Cost(
        "KMS, the table's AWS managed key",
        f"{READS + WRITES} n, at most {INSTANCES * HOURS * 12:,}",
        key_look_ups,
        0.03, "10,000", 10**4, free=20_000,
    ),
    Cost(
        "CloudWatch Logs, ingestion",
        f"{LOG_BYTES / 1000:.1f} KB × n",
        lambda n: LOG_BYTES * n / GB,
        0.50, "GB", free=5,
    ),
    Cost(
        "CloudWatch Logs, storage",
        f"{LOG_BYTES / 1000:.1f} KB × n × {RETENTION_MONTHS} months",
        lambda n: LOG_BYTES * n / GB * RETENTION_MONTHS,
        0.03, "GB-month",
    ),
    Cost(
        "CloudWatch, the function's metrics",
        f"Σ min(share × n, {HOURS} hours) / {HOURS} hours",
        metric_months,
        0.30, "metric-month", free=10,
    ),
    Cost(
        "CloudWatch, alarms",
        f"{alarm_metrics()}",
        lambda n: alarm_metrics(),
        0.10, "metric of an alarm", free=10,
    ),
    Cost(
        "CloudWatch, the dashboard",
        "1",
        lambda n: 1,
        3.00, "dashboard", free=3,
    ),
    Cost(
        "X-Ray, traces",
        f"{REQUESTS} n, of more than one a second 5 %",
        traces,
        5.00, "1,000,000", 10**6, free=100_000,
    ),
    Cost(
        "Data to the internet",
        f"{REQUESTS} × {ANSWER_BYTES // 1000} KB × n",
        lambda n: REQUESTS * ANSWER_BYTES * n / GB,
        0.09, "GB", free=100,
    ),
]


def table():
    yield "| what | price | how much, for n callbacks | " + " | ".join(f"{callbacks:,}" for callbacks in CALLBACKS) + " |"
    yield "| --- | --- | --- |" + " ---: |" * len(CALLBACKS)
    for cost in COSTS:
        # All its digits, and two at least.
        price = re.sub(r"(\.\d\d\d*?)0+$", r"\1", f"{cost.price:.10f}")
        months = " | ".join(f"${cost.dollars(callbacks):,.2f}" for callbacks in CALLBACKS)
        yield f"| {cost.what} | ${price} per {cost.of} | {cost.formula} | {months} |"
    for name, free in [("**Together**", False), ("**Less what is free every month**", True)]:
        totals = (sum(cost.dollars(callbacks, free) for cost in COSTS) for callbacks in CALLBACKS)
        yield f"| {name} | | | " + " | ".join(f"**${total:,.2f}**" for total in totals) + " |"


def test_the_page_has_this_table():
    assert [row for row in text("docs/cost.md").splitlines() if row.startswith("|")] == list(table())


@pytest.mark.parametrize(
    "fact",
    [
        f"{REQUESTS} requests",
        f"{WRITES} writes and {READS} reads",
        f"{FUNCTION_SECONDS} seconds",
        f"{LOG_BYTES / 1000:.1f} KB of log",
        f"{ANSWER_BYTES // 1000} KB an answer",
        f"{len(resources('AWS::CloudWatch::Alarm'))} alarms have {alarm_metrics()} metrics",
        f"all {metric_months(10**9):.0f} metrics",
        f"{INSTANCES} instances",
    ],
)
def test_the_page_says_what_it_is_computed_from(fact):
    assert re.search(rf"\b{re.escape(fact)}\b", " ".join(text("docs/cost.md").split())), fact


def test_the_reads_and_writes_are_those_of_the_code():
    table = (ROOT / "src/connect/store/table.rs").read_text()
    # Claim, begin; record, bind, take, finish; and a release, which a browser with cookies never needs.
    calls = [len(re.findall(rf"self\.{name}\(", table)) for name in ("put", "update")]
    assert calls == [2, 5] and sum(calls) - 1 == WRITES
    # Once on each of the page and its button, which open the link; the callback's is a write, whose condition is the check.
    assert ".consistent_read(true)" in (ROOT / "src/aws/table.rs").read_text()
    page, callback = ((ROOT / f"src/{name}.rs").read_text() for name in ["http/connect_page", "connect/callback"])
    assert page.count("self.open(") == 2 and callback.count("store.find(") == 0 and READS == 2


def test_the_reasons_and_state_reasons_are_those_of_the_code():
    reasons = re.findall(r'\((?:Pending|Failed), Some\("(\w+)"\)', (ROOT / "src/values/outcome.rs").read_text())
    assert sorted(reasons) == sorted(REASONS)
    states = re.search(r"const NAMES: \[&str; (\d)\]", (ROOT / "src/connect/state.rs").read_text())
    assert int(states[1]) == STATES


def test_the_lines_that_are_weighed_have_the_members_of_the_code():
    log = (ROOT / "src/ops/lines.rs").read_text()
    macro = re.search(r"line!\(\s+severity,(.*?)\"callback\"", log, re.DOTALL)[1]
    members = set(re.findall(r"^\s+([a-z_.]+)(?: = |,)", macro, re.MULTILINE))
    # A success has neither reason nor error, and a first delivery no first reference.
    absent = {"reason", "aws.error_code", "application.error", "malformed", "look_up.error_code", "first_reference"}
    assert set(CALLBACK_LINE) == (members - absent) | {"timestamp", "level", "message"}
    metrics = (ROOT / "src/ops/metrics.rs").read_text()
    for member in set(METRICS_LINE) - {"_aws", "level", "timestamp"}:
        assert f'"{member}"' in metrics, member


def test_the_parts_that_are_paid_for_are_those_of_the_template():
    (table,) = resources("AWS::DynamoDB::Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert default("LogRetentionInDays") == 30 * RETENTION_MONTHS
    assert default("Architecture") == "arm64"
    assert len(resources("AWS::CloudWatch::Dashboard")) == 1


if __name__ == "__main__":
    print("\n".join(table()))
    print(LOG_BYTES, alarm_metrics(), metric_months(1000), metric_months(10**6), key_look_ups(1000), traces(10**6))
