"""Where the API answers about sessions: route below `/api/`, view, name."""

endpoints: tuple[tuple[str, type, str], ...] = ()
