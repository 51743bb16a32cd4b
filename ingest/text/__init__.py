"""Cuts a document into sentences and passages, and finds its terms."""
