"""Answers questions in quotes from the index, or abstains."""
