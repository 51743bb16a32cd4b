"""The index on disk: the catalog (SQLite), the vectors (Chroma) and the write lock."""
