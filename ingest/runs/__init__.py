"""Ingest runs: read what changed in a folder, split and encode it, and commit everything at once."""
