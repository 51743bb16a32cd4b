"""CSV, TSV, JSON and JSONL."""
