"""What planned work came to: the answers behind the pages of features, tasks and documents."""
