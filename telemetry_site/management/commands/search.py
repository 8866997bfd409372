"""`manage.py search`: find words in everything that was read."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from analytics.search.forms import KINDS, SearchForm
from analytics.search.selectors import SearchAnswer, search
from analytics.search.serializers import search_json
from telemetry_site.commands import SentenceCommand

OPTIONS = ("project", "kind", "tool", "session", "sort", "limit")


class Command(SentenceCommand):
    help = (
        'Find words in transcripts and plans: words, "phrases", beginnings* and -exclusions (docs/search.md).'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("words", nargs="+", metavar="WORDS", help="put -- before words to leave out")
        parser.add_argument("--project", metavar="NAME", help="only this project: its slug or id")
        parser.add_argument("--since", metavar="DATE", help="first day, or an ISO moment")
        parser.add_argument("--until", metavar="DATE", help="last day, included, or an ISO moment")
        parser.add_argument("--kind", metavar="KINDS", help=f"only in these, by commas: {', '.join(KINDS)}")
        parser.add_argument("--tool", metavar="NAME", help="only calls of this tool and their results")
        parser.add_argument("--session", metavar="ID", help="only this session")
        parser.add_argument("--sort", choices=("rank", "newest"), help="best or newest first (default: rank)")
        parser.add_argument("--limit", help="how many at most (default: 20)")
        parser.add_argument("--json", action="store_true", help="the answer of /api/search")

    def handle(self, *_args: Any, words: list[str], **options: Any) -> None:
        given = {name: options[name] for name in OPTIONS if options[name]}
        given |= {"q": " ".join(words), "start": options["since"] or "", "end": options["until"] or ""}
        form = SearchForm(given)
        asked = form.asked()
        if asked is None or form.errors:
            names = {"q": "", "start": "--since: ", "end": "--until: "}
            problems = (
                names.get(name, f"--{name}: ") + str(said)
                for name, told in form.errors.items()
                for said in told
            )
            raise CommandError(" ".join(problems))
        answer = search(asked, now=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps(search_json(answer, asked.offset, asked.limit), ensure_ascii=False))
        else:
            self._print(answer)

    def _print(self, answer: SearchAnswer) -> None:
        for result in answer.results:
            day = f"{result.at:%Y-%m-%d %H:%M}" if result.at else "time unknown"
            place = result.session.public_id if result.session else result.plan_id
            line = f" line {result.seq}" if result.seq is not None else ""
            self.stdout.write(f"{day}  {result.kind}  {result.title or 'without a title'}\n  {place}{line}")
            words = "".join(f"[{p.text}]" if p.is_match else p.text for p in result.pieces)
            self.stdout.write(f"  {' '.join(words.split())}\n")
        more = " and more: only the newest were looked at" if answer.is_more else ""
        self.stdout.write(f"{answer.total:,} found{more}.")
        for note in answer.notes:
            self.stdout.write(note)
