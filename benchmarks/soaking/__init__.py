"""A long run of the whole program under steady use, and what it does to memory, files and figures."""
