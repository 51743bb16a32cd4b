"""Ingest: reads sources into the index (documents, passages, catalog, vectors)."""
