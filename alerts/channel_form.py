"""The form of a channel. As with rules, page and API read the same body with the same serializer."""

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from alerts.channel_api import ChannelFields
from alerts.channel_editing import TooManyChannels, change_channel, create_channel, masked
from alerts.models import Channel
from sessions.scope import Projects

MOST_FIELD = 2500


@dataclass(slots=True)
class ChannelForm:
    """Texts by field; an address that is kept is never written into the page. `errors`: a sentence by field."""

    texts: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> "ChannelForm":
        return cls({"kind": "webhook", "isActive": True})

    @classmethod
    def of(cls, channel: Channel) -> "ChannelForm":
        texts = {
            "name": channel.name,
            "kind": channel.kind,
            "kept": masked(channel),
            "maxPerHour": str(channel.max_per_hour),
            "project": channel.project.slug if channel.project else "",
            "isActive": channel.is_active,
        }
        return cls(texts)

    @classmethod
    def of_post(cls, given: QueryDict) -> "ChannelForm":
        names = ("name", "kind", "target", "maxPerHour", "project", "secret")
        texts: dict[str, Any] = {name: given.get(name, "")[:MOST_FIELD] for name in names}
        return cls(texts | {"isActive": given.get("isActive") == "on"})

    def body(self, channel: Channel | None) -> dict[str, Any]:
        """What the fields say, as the API takes it; an empty address or secret leaves the one that is kept."""
        texts = self.texts
        body: dict[str, Any] = {"name": texts["name"], "kind": texts["kind"]}
        # Switching on forgets what failed: that is for who switches it on, not for who renames it.
        if channel is None or channel.is_active != texts["isActive"]:
            body["isActive"] = texts["isActive"]
        body["project"] = texts["project"] or None
        if texts["maxPerHour"].strip():
            most = texts["maxPerHour"].strip()
            body["maxPerHour"] = int(most) if most.isascii() and most.isdecimal() else most
        if texts["target"].strip() or channel is None:
            body["target"] = texts["target"].strip()
        if texts["secret"].strip():
            body["secret"] = texts["secret"].strip()
        return body

    def save(self, channel: Channel | None, projects: Projects = None) -> Channel | None:
        """Make the channel, or change it; None, with `errors` filled, when it cannot be."""
        try:
            read = ChannelFields(
                data=self.body(channel), partial=channel is not None, context={"projects": projects}
            )
            read.is_valid(raise_exception=True)
            values = dict(read.validated_data)
            refuse_every_project(values, channel, projects)
            return create_channel(values) if channel is None else change_channel(channel, values)
        except ValidationError as error:
            details: Any = error.detail
            self.errors = {str(name): str(said[0]) for name, said in dict(details).items()}
        except TooManyChannels as error:
            self.errors = {"name": str(error)}
        if channel is not None:
            self.texts["kept"] = masked(channel)
        return None


def refuse_every_project(values: dict[str, Any], channel: Channel | None, projects: Projects) -> None:
    """A channel that serves every project is for those who may change them all. Raises ValidationError."""
    project = values.get("project", channel.project if channel else None)
    if projects is not None and project is None:
        raise ValidationError({"project": ["Choose one of your projects: it may not serve them all."]})
