"""What other programs use: the HTTP API and the MCP server."""
