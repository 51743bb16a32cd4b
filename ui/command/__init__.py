"""The `cited` command."""
