"""Markdown, reStructuredText, AsciiDoc, LaTeX and notebooks."""
