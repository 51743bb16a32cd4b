"""File readers, one file a format: the bytes of a source in, a Document out."""
