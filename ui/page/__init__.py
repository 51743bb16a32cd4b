"""The web page: server, layout and templates."""
