from django.db import models


class SearchItem(models.Model):
    """Something that can be found: a line's words of one kind, a session's title, or a part of a plan.

    Its words are in the index beside this table and nowhere else (sessions/search/engine.py). What is gone keeps its
    row as `GONE`: the index of SQLite cannot forget words, and a number that came back would bring them along.
    """

    class Kind(models.IntegerChoices):
        GONE = 0
        PROMPT = 1
        ANSWER = 2
        THINKING = 3
        TOOL_INPUT = 4
        TOOL_RESULT = 5
        NOTE = 6
        TITLE = 7
        DOCUMENT = 8
        FEATURE = 9
        TASK = 10

    # Quarter of an hour since 1970 x 2**18 + a number within it: newest first is the order of this key.
    id = models.BigIntegerField(primary_key=True)
    kind = models.SmallIntegerField(choices=Kind)
    target = models.BigIntegerField()  # key of the entry, session, document, feature or task
    # No foreign keys: their indexes would cost as much as the words, and whoever deletes takes the items back.
    session_key = models.BigIntegerField(null=True)
    project_key = models.IntegerField(null=True)  # of what has no session; a session's project may change
    chars = models.IntegerField()  # how long the text is that was indexed

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="search_item_belongs_somewhere",
                condition=models.Q(kind=0) | ~models.Q(session_key=None, project_key=None),
            )
        ]


class SearchSubject(models.Model):
    """Which item stands for a thing whose words may change, and for which words: titles and plans."""

    id = models.BigAutoField(primary_key=True)
    kind = models.SmallIntegerField(choices=SearchItem.Kind)
    target = models.BigIntegerField()
    project_key = models.IntegerField(null=True, db_index=True)
    item_id = models.BigIntegerField()
    digest = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "target"], name="search_subject_once")]


class SearchFill(models.Model):
    """A part of the index that is still to be filled from what was read before: keys in (after, until]."""

    class Step(models.TextChoices):
        ENTRIES = "entries"
        TITLES = "titles"
        PLANS = "plans"

    step = models.CharField(max_length=10, primary_key=True, choices=Step)
    after = models.BigIntegerField(default=0)
    until = models.BigIntegerField()
