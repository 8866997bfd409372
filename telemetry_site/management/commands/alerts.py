"""`manage.py alerts`: which rules there are and what fires now, for terminals, prompts, CI and hooks."""

import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from alerts.checking import Firing, firing_now
from alerts.evaluation import evaluate
from alerts.models import AlertRule
from alerts.representation import rules_json
from alerts.wording import rule_sentence
from telemetry_site.commands import SentenceCommand

FIRING_STATUS = 2


class Command(SentenceCommand):
    help = "List alert rules, or check what fires now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=("list", "check"))
        parser.add_argument("--json", action="store_true", help="as JSON")
        code = f"check: end with {FIRING_STATUS} when anything fires, with 0 when nothing does"
        parser.add_argument("--exit-code", action="store_true", help=code)
        parser.add_argument("--rule", metavar="ID", help="check: this rule alone")
        session = "check: alerts about this session, and those about more than sessions"
        parser.add_argument("--session", metavar="ID", help=session)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "list":
            return self._list(as_json=options["json"])
        rule = options["rule"]
        if rule and not AlertRule.objects.present().filter(public_id=rule).exists():
            raise CommandError(f"There is no rule {rule}; `manage.py alerts list` lists them.", returncode=1)
        evaluate(timezone.now())
        found = firing_now(rule_id=rule, session_id=options["session"])
        self._tell(found, as_json=options["json"])
        if found and options["exit_code"]:
            sys.exit(FIRING_STATUS)
        return None

    def _list(self, *, as_json: bool) -> None:
        rules = list(AlertRule.objects.present().select_related("project").prefetch_related("channels"))
        told = rules_json(rules)
        if as_json:
            self.stdout.write(json.dumps(told))
            return
        for rule, each in zip(rules, told, strict=True):
            self.stdout.write(
                f"{each['state']:<10} {rule.public_id:<20} {rule.name}: {rule_sentence(rule.definition)}"
            )
        if not rules:
            self.stdout.write("There are no alert rules.")

    def _tell(self, found: list[Firing], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([each.as_json() for each in found]))
            return
        for each in found:
            self.stdout.write(f"{each.severity}: {each.message}")
        if not found:
            self.stdout.write("Nothing fires.")
