"""File readers, one module per format: they turn the bytes of a source into a Document."""
