"""Conversations: saved as files, exported, and their quotes checked again."""
