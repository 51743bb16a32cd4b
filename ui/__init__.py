"""The user interfaces: the `cited` command, the page, and the endpoints for programs."""
