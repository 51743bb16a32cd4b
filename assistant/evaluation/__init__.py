"""Evaluates the assistant: prompts, a run, its judgement, measures, comparison and report."""
