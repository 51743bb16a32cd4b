"""Evaluates the assistant: test prompts, runs, judgements, measures, comparisons and reports."""
