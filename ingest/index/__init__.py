"""The index on disk: the catalog (SQLite), the vectors (Chroma) and the lock of their one writer."""
