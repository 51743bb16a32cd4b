"""The index: the catalog (SQLite or PostgreSQL), the vectors (Chroma) and the write lock."""
