"""A run of the ingest: what changed in a folder, read, cut, encoded and committed as one."""
