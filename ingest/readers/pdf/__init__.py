"""PDF, by the places of characters."""
