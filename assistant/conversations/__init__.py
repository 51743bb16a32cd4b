"""Conversations: kept as files, exported, and their quotes checked again."""
