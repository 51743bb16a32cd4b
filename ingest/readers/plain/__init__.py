"""Plain text, source code and logs."""
