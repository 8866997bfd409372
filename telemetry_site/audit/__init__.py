"""Who did what, when, and from where: written once, read on a page and in a terminal."""
