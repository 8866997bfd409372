from django.db import models

from sessions.querysets import CopyQuerySet, ModelResponseQuerySet


class ModelResponse(models.Model):
    """One response of a model, counted once whatever number of lines, files and forks repeat it (R1-R9)."""

    id = models.BigIntegerField(primary_key=True)  # stable key of (message id, request id)
    owner = models.ForeignKey(
        "AgentSession", on_delete=models.CASCADE, related_name="own_responses", db_index=False
    )
    message_key = models.BigIntegerField(db_index=True)
    message_id = models.CharField(max_length=200)
    request_id = models.CharField(max_length=200, blank=True)
    at_ms = models.BigIntegerField()
    quarter = models.IntegerField(db_index=True)
    model = models.CharField(max_length=200)
    fast = models.BooleanField()
    service_tier = models.CharField(max_length=40, blank=True)
    inference_geo = models.CharField(max_length=40, blank=True)
    skill = models.CharField(max_length=200, blank=True)
    stop_reason = models.CharField(max_length=60, blank=True)
    input_tokens = models.IntegerField()
    output_tokens = models.IntegerField()
    cache_read_tokens = models.IntegerField()
    cache_creation_5m_tokens = models.IntegerField()
    cache_creation_1h_tokens = models.IntegerField()
    web_search_requests = models.IntegerField()
    cost_nano_usd = models.BigIntegerField(null=True)  # None: no price is known
    price_id = models.CharField(max_length=200, blank=True)
    reported_cost_nano_usd = models.BigIntegerField(null=True)
    is_assistant = models.BooleanField()  # False: only a progress record tells of it, its output is partial
    is_sidechain = models.BooleanField()
    # The copy that was chosen, so that a later copy can be compared with it.
    chosen_at_ms = models.BigIntegerField()
    chosen_digest = models.BigIntegerField()
    copy_count = models.IntegerField(default=1)
    # Another row that already counts this response (R4, R5); such a row is kept and not counted.
    duplicate_of = models.BigIntegerField(null=True)

    objects = ModelResponseQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "at_ms"], name="response_owner_at")]
        constraints = [
            models.CheckConstraint(
                name="response_tokens_not_negative",
                condition=models.Q(
                    input_tokens__gte=0,
                    output_tokens__gte=0,
                    cache_read_tokens__gte=0,
                    cache_creation_5m_tokens__gte=0,
                    cache_creation_1h_tokens__gte=0,
                ),
            )
        ]


class ResponseCopy(models.Model):
    """That a session's transcript holds a response: as its own, or inherited by a fork or resume."""

    id = models.BigIntegerField(primary_key=True)  # stable key of (response, session)
    response = models.ForeignKey(ModelResponse, on_delete=models.CASCADE, related_name="copies")
    session = models.ForeignKey("AgentSession", on_delete=models.CASCADE, related_name="response_copies")
    first_at_ms = models.BigIntegerField()
    is_assistant = models.BooleanField()
    entry_id = models.BigIntegerField()  # the first line of it in this session

    objects = CopyQuerySet.as_manager()
