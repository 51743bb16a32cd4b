"""Files that contain files: ZIP and mail."""
