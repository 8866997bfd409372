"""Going somewhere by name: pages, sessions, features, tasks, documents, projects, saved views."""
