"""What people touch: the `cited` command and the page."""
