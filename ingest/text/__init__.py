"""Splits documents into sentences and passages, and extracts their terms."""
