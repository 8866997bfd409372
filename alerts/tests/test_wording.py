"""What a rule says in plain words."""

from decimal import Decimal
from typing import Any

import pytest

from alerts.definition import ConditionKind, Operator, RuleDefinition, Scope
from alerts.wording import rule_sentence
from analytics.metrics import METRICS

ROLLING: dict[str, Any] = {"scope": Scope.ROLLING, "window_seconds": 3600}


@pytest.mark.parametrize(
    ("metric", "more", "sentence"),
    [
        ("session_cost", {}, "Cost of a session is above $5.00"),
        ("session_tokens", {}, "Tokens of a session are above 5"),
        ("api_error_count", ROLLING, "API errors in the last hour are above 5"),
        ("session_count", {"scope": Scope.DAILY}, "Sessions in a day are above 5"),
        (
            "tool_error_rate",
            ROLLING | {"group_by": ("tool_category",)},
            "Tool error rate of the last hour, for each tool category, is above 5 %",
        ),
        ("reading_lag", ROLLING, "Reading lag is above 5 s"),
        ("stalled_tasks", ROLLING, "Stalled tasks are above 5"),
        (
            "task_velocity",
            {
                "scope": Scope.ROLLING,
                "window_seconds": 7 * 86_400,
                "condition": ConditionKind.CHANGE,
                "operator": Operator.AT_MOST,
                "threshold": Decimal(-40),
            },
            "Tasks completed in the last 7 days fall by 40 % or more",
        ),
        (
            "session_cost",
            {"scope": Scope.WEEKLY, "condition": ConditionKind.ANOMALY},
            "Cost of a week is 5 deviations above what is usual",
        ),
        (
            "session_cost",
            ROLLING | {"for_seconds": 1800},
            "Cost of the last hour is above $5.00 for 30 minutes",
        ),
    ],
)
def test_a_rule_is_a_sentence(metric: str, more: dict[str, Any], sentence: str) -> None:
    given = {"operator": Operator.ABOVE, "threshold": Decimal(5), **more}
    given["aggregation"] = METRICS[metric].aggregation
    assert rule_sentence(RuleDefinition(metric=metric, **given)).replace("\xa0", " ") == sentence
