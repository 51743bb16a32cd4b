"""The interfaces for other programs: HTTP endpoints and the MCP server."""
