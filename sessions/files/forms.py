"""Which file is asked for, out of a query string."""

from django import forms

from sessions.form_parts import ReadableForm


class FileForm(ReadableForm):
    """A path, and a project to look in; without one, all that may be read."""

    path = forms.CharField(required=False, strip=False)

    @property
    def wanted(self) -> str:
        """The path that is asked for, "" where none is, or where the project is not known."""
        return self.cleaned_data["path"] if self.is_valid() else ""

    @property
    def problems(self) -> list[str]:
        """Everything that was not understood, a sentence each; nothing is shown instead."""
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]
