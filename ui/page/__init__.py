"""The web page: its server, layout and templates."""
