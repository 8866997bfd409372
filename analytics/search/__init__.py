"""Finding words in everything that was read: one question, asked by a page, the API and a command."""
