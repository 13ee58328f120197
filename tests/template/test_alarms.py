"""Every alarm watches something that exists, says what to do, and is explained at length."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from helpdesk.conversation.problems import Problem
from helpdesk.whatsapp.errors import CLASS_OF_CODE, OutcomeUnknown
from tests.template.cloudformation import ROOT, Template

FUNCTION = "AWS::Serverless::Function"
QUEUE = "AWS::SQS::Queue"
OWN = {"Ref": "AWS::StackName"}
"""The namespace of what the functions count themselves: the stack's name."""

# What AWS counts, as far as it is looked at here.
AWS_METRICS = {
    "AWS/Lambda": {"Errors", "Invocations", "Duration", "Throttles", "ClaimedAccountConcurrency"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"},
    "AWS/ApiGateway": {"Count", "Latency", "4XXError", "5XXError"},
    "AWS/DynamoDB": {
        *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"),
        *("ReadThrottleEvents", "WriteThrottleEvents"),
    },
    "AWS/WAFV2": {"BlockedRequests"},
}
# Where a part of the name is filled in, what it can be.
FILLED_IN = {
    "Problem_": {problem.value for problem in Problem},
    "WhatsApp_": {kind.__name__ for kind in {*CLASS_OF_CODE.values(), OutcomeUnknown}},
    "Status_": {"sent", "delivered", "read", "failed"},
    "FormScreen_": {"consent", "number", "otp", "documents", "sign_up", "closed", "success"},
}
# Which module counts for which function; the rest is the document function's.
COUNTED_BY = {
    "functions/webhook/app.py": "webhook",
    "functions/watch/app.py": "watch",
    "layers/helpdesk/helpdesk/service/door.py": "webhook",
    "layers/helpdesk/helpdesk/service/inbound.py": "webhook",
    "layers/helpdesk/helpdesk/service/consent_pages.py": "consent",
    "layers/helpdesk/helpdesk/service/form_endpoint.py": "form",
}

HOUR = 3600
# Of each objective's alarms: how many times too fast, in seconds of how long, and the percentage that may be too late.
OBJECTIVES = {
    "RepliesBurnFastAlarm": (14, HOUR, 0.5),
    "RepliesBurnSlowAlarm": (6, 6 * HOUR, 0.5),
    "DocumentsBurnFastAlarm": (14, HOUR, 1),
    "DocumentsBurnSlowAlarm": (6, 6 * HOUR, 1),
}

# What is watched on AWS only, by the condition of the same thing on the local stack too.
WATCHING = {("WatchesThePage", "IsOnPage"), ("WatchesTheForm", "IsByForm")}

# Alarms on things that nothing but an absence of calls would tell of.
SILENCE = {"WebhookSilentAlarm", "OutsideAlarm"}


def counted() -> dict[str, set[str]]:
    """The names that the code counts under, by the service that counts them."""
    found: dict[str, set[str]] = {name: set() for name in ("webhook", "consent", "form", "document", "watch")}
    for folder in ("layers", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            service = COUNTED_BY.get(str(path.relative_to(ROOT)), "document")
            for call in re.findall(r"(?<![A-Za-z_.])(?:count|record_duration)\((.*)", path.read_text(encoding="utf-8")):
                for filled, name in re.findall(r'(f?)"([A-Za-z_{][^"]*)"', call):
                    prefix = name.split("{")[0]
                    found[service] |= {prefix + value for value in FILLED_IN[prefix]} if filled else {name}
    return found


def statistic(alarm: dict[str, Any]) -> str | None:
    return alarm.get("ExtendedStatistic") or alarm.get("Statistic")


def alarms_on(template: Template, namespace: object, metric: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The alarms that look at that metric, each with the metric."""
    for name in template.alarms():
        for measured in template.measured(name):
            if (measured["Namespace"], measured["MetricName"]) == (namespace, metric):
                yield name, measured


def watched(template: Template, namespace: object, metric: str) -> dict[str, str]:
    """Alarms on that metric, by the logical id of what they watch."""
    found = {}
    for name, measured in alarms_on(template, namespace, metric):
        (dimension,) = measured["Dimensions"]
        match dimension["Value"]:
            case {"Ref": resource} | {"Fn::GetAtt": [resource, _]}:
                found[resource] = name
    return found


# --- who is watched ---------------------------------------------------------------------------------------------------


def test_each_function_has_an_alarm_when_one_call_in_a_hundred_fails(template: Template) -> None:
    errors = watched(template, "AWS/Lambda", "Errors")

    assert errors.keys() == template.serving().keys()
    for function, name in errors.items():
        alarm = template.alarms()[name]
        (rate,) = (query for query in alarm["Metrics"] if "Expression" in query)
        calls = {measured["MetricName"]: measured["Dimensions"] for measured in template.measured(name)}
        assert rate["Expression"] == "100 * failed / called"
        assert calls == {
            "Errors": [{"Name": "FunctionName", "Value": {"Ref": function}}],
            "Invocations": [{"Name": "FunctionName", "Value": {"Ref": function}}],
        }
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 1)


def test_each_function_has_an_alarm_when_it_is_turned_away(template: Template) -> None:
    throttled = watched(template, "AWS/Lambda", "Throttles")

    assert throttled.keys() == template.serving().keys()
    assert all(template.alarms()[name]["Threshold"] == 0 for name in throttled.values())


def test_each_function_has_an_alarm_at_four_fifths_of_its_time(template: Template) -> None:
    slow = watched(template, "AWS/Lambda", "Duration")

    assert slow.keys() == template.serving().keys()
    for function, name in slow.items():
        alarm = template.alarms()[name]
        milliseconds = template.of_type(FUNCTION)[function]["Timeout"] * 1000
        assert (statistic(alarm), alarm["Threshold"]) == ("p99", milliseconds * 0.8)


def test_each_queue_that_is_worked_has_an_alarm_on_its_oldest_message(template: Template) -> None:
    worked = {name for name, properties in template.of_type(QUEUE).items() if "RedrivePolicy" in properties}
    assert worked
    assert watched(template, "AWS/SQS", "ApproximateAgeOfOldestMessage").keys() == worked


def test_each_dead_letter_queue_has_an_alarm_at_the_first_message(template: Template) -> None:
    dead_letters = {name for name, properties in template.of_type(QUEUE).items() if "RedrivePolicy" not in properties}
    alarms = watched(template, "AWS/SQS", "ApproximateNumberOfMessagesVisible")

    assert dead_letters
    assert alarms.keys() == dead_letters
    for name in alarms.values():
        alarm = template.alarms()[name]
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        assert (alarm["Statistic"], alarm["EvaluationPeriods"]) == ("Maximum", 1)


@pytest.mark.parametrize(("metric", "how", "threshold"), [("5XXError", "Average", 0.01), ("Latency", "p99", 1000)])
def test_each_api_has_an_alarm_on_what_its_callers_see(
    template: Template, metric: str, how: str, threshold: float
) -> None:
    looked_at = []
    for name, measured in alarms_on(template, "AWS/ApiGateway", metric):
        alarm = template.alarms()[name]
        looked_at.append({dimension["Name"]: dimension["Value"] for dimension in measured["Dimensions"]})
        # A screen of the form may wait for DigiLocker; WhatsApp gives up after 10 s.
        is_slow = metric == "Latency" and name.startswith("Form")
        assert (statistic(alarm), float(alarm["Threshold"])) == (how, 5000 if is_slow else threshold)

    apis = template.of_type("AWS::Serverless::Api").values()
    assert looked_at == [{"ApiName": api["Name"], "Stage": api["StageName"]} for api in apis]


def test_the_alarms_on_the_pages_are_there_with_the_pages(template: Template) -> None:
    looks_at = {
        name: json.dumps([one.get("Dimensions") for one in template.measured(name)]) for name in template.alarms()
    }
    on_pages = [name for name, dimensions in looks_at.items() if "consent" in dimensions.lower()]

    assert len(on_pages) == 7
    on_pages.remove("FirewallBlocksAlarm")
    assert template.resources["FirewallBlocksAlarm"]["Condition"] == "HasFirewall"
    # The second is the first, but for the local emulator.
    assert {template.resources[name]["Condition"] for name in on_pages} == {"IsOnPage", "WatchesThePage"}


@pytest.mark.parametrize(
    ("metric", "service"),
    [
        ("SecretsEmpty", "webhook"),
        ("SecretsEmpty", "document"),
        ("UnsignedCalls", "webhook"),
        ("WhatsApp_TokenRefused", "document"),
        ("WhatsApp_PolicyBlocked", "document"),
        ("WhatsApp_Misconfigured", "document"),
        ("WhatsApp_InvalidMessage", "document"),
        ("Problem_unreachable", "document"),
        ("DigiLockerRequests", "document"),
        ("Problem_busy", "document"),
        ("Problem_misconfigured", "document"),
        ("UserNameRefused", "document"),
        ("AwsDenied", "webhook"),
        ("AwsDenied", "document"),
        ("CallbacksFailed", "consent"),
        ("OtpsRefused", "document"),
        ("OtpsRefused", "webhook"),
        ("Replies", "document"),
        ("OtpsLost", "document"),
    ],
)
def test_what_only_an_operator_can_mend_has_an_alarm(template: Template, metric: str, service: str) -> None:
    services = [measured["Dimensions"] for _, measured in alarms_on(template, OWN, metric)]
    assert [{"Name": "service", "Value": service}] in services


# --- what they look at exists -----------------------------------------------------------------------------------------


def test_each_alarm_looks_at_something_that_is_counted(template: Template) -> None:
    names = counted()
    for alarm in template.alarms():
        assert template.measured(alarm)
        for measured in template.measured(alarm):
            if measured["Namespace"] == OWN:
                (dimension,) = measured["Dimensions"]
                assert dimension["Name"] == "service"
                assert measured["MetricName"] in names[dimension["Value"]], alarm
            else:
                assert measured["MetricName"] in AWS_METRICS[measured["Namespace"]], alarm


def test_the_functions_count_under_the_names_that_the_alarms_know(template: Template) -> None:
    shared = template.document["Globals"]["Function"]["Environment"]["Variables"]
    assert shared["POWERTOOLS_METRICS_NAMESPACE"] == OWN
    services = {template.environment(function)["POWERTOOLS_SERVICE_NAME"] for function in template.of_type(FUNCTION)}
    assert services == counted().keys() | {"trial"}


def test_an_alarm_that_reckons_names_each_metric_that_it_reckons_with(template: Template) -> None:
    reckoning = {name: alarm["Metrics"] for name, alarm in template.alarms().items() if "Metrics" in alarm}
    assert reckoning
    for name, queries in reckoning.items():
        (result,) = (query for query in queries if query.get("ReturnData", True))
        named = set(re.findall(r"\b[a-z]+\b", result["Expression"]))
        assert named == {query["Id"] for query in queries} - {result["Id"]}
        periods = {query["MetricStat"]["Period"] for query in queries if query is not result}
        assert periods == ({OBJECTIVES[name][1]} if name in OBJECTIVES else {300})
        # The local emulator refuses metric math.
        condition = template.document["Conditions"][template.resources[name]["Condition"]]
        assert (
            template.resources[name]["Condition"] == "IsNotLocal" or {"Condition": "IsNotLocal"} in condition["Fn::And"]
        )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_is_missed_too_fast_only_if_fifty_events_say_so(template: Template, name: str) -> None:
    times, _, percent = OBJECTIVES[name]
    alarm = template.alarms()[name]
    expression = alarm["Metrics"][0]["Expression"]
    statistics = {query["Id"]: query["MetricStat"]["Stat"] for query in alarm["Metrics"][1:]}

    assert float(alarm["Threshold"]) == times * percent
    assert re.match(r"IF\(all( \+ FILL\(lost, 0\))? >= 50, ", expression)
    assert expression.endswith(", 0)")
    late = "TC(5:)" if name.startswith("Replies") else "TC(30:)"
    assert (statistics["late"], statistics["all"]) == (late, "SampleCount")


# --- whom they wake ---------------------------------------------------------------------------------------------------


def test_each_alarm_is_of_one_class_and_a_class_names_only_what_exists(template: Template) -> None:
    classes = template.of_type("AWS::CloudWatch::CompositeAlarm")
    named = {}
    for name, properties in classes.items():
        separator, parts = properties["AlarmRule"]["Fn::Join"]
        assert separator == " OR "
        for part in parts:
            condition, there_is, _ = part.get("Fn::If", [None, part, None])
            alarm = re.fullmatch(r'ALARM\("\$\{(\w+)\}"\)', there_is["Fn::Sub"])
            assert alarm
            assert alarm[1] not in named, alarm[1]
            named[alarm[1]] = name
            own = template.resources[alarm[1]].get("Condition")
            # A class is there on AWS only, as is what watches the page or the form.
            assert own in {condition, "IsNotLocal"} or (own, condition) in WATCHING, alarm[1]
    assert classes.keys() == {"PageAlarm", "TicketAlarm"}
    assert named.keys() == template.alarms().keys()


def test_a_page_goes_to_who_is_on_call_and_to_the_mails(template: Template) -> None:
    page = template.of_type("AWS::CloudWatch::CompositeAlarm")["PageAlarm"]["AlarmActions"]

    assert [one["Fn::If"][:2] for one in page] == [
        ["HasPageTarget", {"Ref": "PageTarget"}],
        ["HasAlarmEmail", {"Ref": "AlarmTopic"}],
    ]
    pattern = template.parameters["PageTarget"]["AllowedPattern"]
    assert re.fullmatch(pattern, "arn:aws:ssm-incidents::123456789012:response-plan/helpdesk")
    assert not re.fullmatch(pattern, "arn:aws:lambda:ap-south-1:123456789012:function:f")


# --- what they say ----------------------------------------------------------------------------------------------------


def test_each_alarm_says_what_to_do_and_reaches_the_topic(template: Template) -> None:
    topic = {"Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    to_do = r"\b(read|look|see|send|put|fill|compare|lower|open|set|run|write|make|tell|purge|go back)\b"
    for name, alarm in template.alarms().items():
        assert 80 < len(alarm["AlarmDescription"]) <= 1024
        assert re.search(to_do, alarm["AlarmDescription"], re.IGNORECASE), name
        assert alarm["AlarmActions"] == alarm["OKActions"] == topic
        assert alarm["TreatMissingData"] == ("breaching" if name in SILENCE else "notBreaching")


def test_the_topic_is_there_only_with_an_address(template: Template) -> None:
    topic = template.resources["AlarmTopic"]
    assert topic["Condition"] == "HasAlarmEmail"
    assert topic["Properties"]["Subscription"] == [{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}]


# --- the dashboard and the saved queries ------------------------------------------------------------------------------


def dashboard(template: Template) -> Any:
    """The dashboard's widgets, with what CloudFormation fills in left as it is."""
    return json.loads(dashboard_body(template))["widgets"]


def dashboard_body(template: Template) -> str:
    """The dashboard of a deployment that has everything."""
    body, parts = template.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, part in parts.items():
        _condition, there_is, else_nothing = part["Fn::If"]
        assert else_nothing == ""
        body = body.replace(f"${{{name}}}", there_is["Fn::Sub"])
    return str(body)


def metrics_of(widgets: dict[str | None, Any], title: str) -> Any:
    return next(shown["metrics"] for name, shown in widgets.items() if name and name.startswith(title))


def assert_logged(names: Iterable[str]) -> None:
    """The code writes fields of these names into its log."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "layers").rglob("*.py"))
    for name in names:
        assert re.search(rf'"{name}":|\b{name}=', code), name


def metrics_shown(template: Template) -> list[list[str]]:
    shown = [
        [part for part in metric if isinstance(part, str)]
        for widget in dashboard(template)
        if widget["type"] == "metric"
        for metric in widget["properties"]["metrics"]
    ]
    assert shown
    return shown


def test_the_dashboard_shows_what_is_counted(template: Template) -> None:
    names = counted()
    for namespace, metric, *dimensions in metrics_shown(template):
        if namespace == "${AWS::StackName}":
            assert dimensions[0] == "service"
            assert metric in names[dimensions[1]]
        else:
            assert metric in AWS_METRICS[namespace]


def test_the_dashboard_shows_how_each_api_answers(template: Template) -> None:
    shown = {
        (metric[3].replace("${AWS::StackName}", ""), metric[1])
        for metric in metrics_shown(template)
        if metric[2] == "ApiName"
    }
    apis = ("", "-consent", "-form")
    assert {(api, metric) for api in apis for metric in ("Latency", "4XXError", "5XXError")} <= shown


def test_everything_that_is_counted_is_on_the_dashboard_or_named_here(template: Template) -> None:
    shown = {metric for namespace, metric, *_ in metrics_shown(template) if namespace == "${AWS::StackName}"}
    all_names = set().union(*counted().values())
    # Statuses that say nothing new, and refusals that the citizen is told and that nobody else can mend.
    left_out = {"Status", "Status_sent", "WhatsApp_InboundMediaLost"}
    not_ours = {name for name in all_names if name.startswith("Problem_")}
    assert all_names - shown - not_ours == left_out


def test_the_dashboard_tells_how_far_and_how_fast_citizens_come(template: Template) -> None:
    widgets = {widget["properties"].get("title"): widget["properties"] for widget in dashboard(template)}
    steps = [metric[1] for metric in widgets["How far citizens come"]["metrics"]]
    waits = {(metric[1], metric[4]["stat"]) for metric in metrics_of(widgets, "How long citizens wait")}

    assert steps == ["Greeted", "Consented", "SignedIn", "Listed", "Delivered"]
    objectives = {(metric[1], metric[4]["stat"]) for metric in metrics_of(widgets, "Objectives")}
    assert objectives == {("SecondsToReply", "PR(:5)"), ("SecondsFromChoice", "PR(:30)")}
    assert widgets["Objectives, over 28 days: % in time"]["period"] == 28 * 24 * HOUR
    assert waits == {(name, part) for name in ("SecondsFromHi", "SecondsFromChoice") for part in ("p50", "p95")}


def test_the_dashboard_counts_what_goes_wrong_by_kind_and_language(template: Template) -> None:
    (widget,) = (widget for widget in dashboard(template) if widget["type"] == "log")
    query = widget["properties"]["query"]

    assert "by coalesce(problem, error) as kind, language" in query
    assert_logged(re.findall(r"coalesce\((\w+), (\w+)\)", query)[0])
    assert_logged(["language", "conversation"])


def test_the_widgets_stand_side_by_side_and_cover_no_other(template: Template) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in dashboard(template):
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_every_alarm_stands_on_the_dashboard_where_it_exists(template: Template) -> None:
    shown = next(widget for widget in dashboard(template) if widget["type"] == "alarm")["properties"]["alarms"]
    assert sorted(shown) == sorted(f"${{{name}.Arn}}" for name in template.alarms())

    body, parts = template.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for part in parts.values():
        condition, there_is, _ = part["Fn::If"]
        for name in re.findall(r"\$\{(\w+)\.Arn\}", there_is["Fn::Sub"]):
            # What watches the page or the form is there on AWS only, and so is the dashboard.
            own = template.resources[name]["Condition"]
            assert own == condition or (own, condition) in WATCHING
    always = re.findall(r"\$\{(\w+Alarm)\.Arn\}", body)
    assert all(template.resources[name].get("Condition") in {None, "IsNotLocal"} for name in always)


def test_what_the_dashboard_fills_in_exists(template: Template) -> None:
    body = dashboard_body(template)
    names = {name.split(".")[0] for name in re.findall(r"\$\{([^}]+)\}", body)}
    pseudo = {name for name in names if name.startswith("AWS::")}
    assert names - pseudo <= template.resources.keys() | template.parameters.keys()
    assert pseudo == {"AWS::StackName", "AWS::Region"}


def test_the_saved_queries_ask_for_fields_that_are_logged(template: Template) -> None:
    queries = template.of_type("AWS::Logs::QueryDefinition")
    by_the_logging_library = {"message", "service", "level", "timestamp"}

    assert len(queries) == 3
    for query in queries.values():
        on_page = {"Fn::If": ["IsOnPage", {"Ref": "ConsentLogGroup"}, {"Ref": "AWS::NoValue"}]}
        by_form = {"Fn::If": ["IsByForm", {"Ref": "FormLogGroup"}, {"Ref": "AWS::NoValue"}]}
        assert query["LogGroupNames"] == [{"Ref": "WebhookLogGroup"}, {"Ref": "DocumentLogGroup"}, on_page, by_form]
        (first, *rest) = query["QueryString"].splitlines()
        asked = re.findall(r"\w+", first.removeprefix("fields @timestamp,")) if first.startswith("fields") else []
        asked += re.findall(r"filter (\w+) =", "\n".join(rest))
        asked += re.findall(r"\bby (.*)", query["QueryString"])[0].split(", ") if " by " in query["QueryString"] else []
        assert_logged(set(asked) - by_the_logging_library)
