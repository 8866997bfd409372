"""The columns that rollups sum, whatever they are summed by."""

from django.db import models


class UsageSums(models.Model):
    """What responses used."""

    responses = models.IntegerField()
    lower_bound_responses = models.IntegerField()
    partial_responses = models.IntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cache_read_tokens = models.BigIntegerField()
    cache_creation_5m_tokens = models.BigIntegerField()
    cache_creation_1h_tokens = models.BigIntegerField()
    unpriced_tokens = models.BigIntegerField()
    unpriced_responses = models.IntegerField()
    cost_nano_usd = models.BigIntegerField(null=True)  # of the priced responses; None when none has a price
    reported_cost_nano_usd = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class ToolSums(models.Model):
    """How tool calls went."""

    calls = models.IntegerField()
    errors = models.IntegerField()  # answers marked as errors, rejections included
    outcome_ok = models.IntegerField()
    outcome_error = models.IntegerField()
    outcome_rejected = models.IntegerField()
    outcome_interrupted = models.IntegerField()
    outcome_blocked = models.IntegerField()
    outcome_pending = models.IntegerField()
    elapsed_ms = models.BigIntegerField()
    timed = models.IntegerField()
    execution_ms = models.BigIntegerField()
    lines_changed = models.BigIntegerField()

    class Meta:
        abstract = True
