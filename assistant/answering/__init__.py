"""The way from a question to its quotes, one file a step."""
