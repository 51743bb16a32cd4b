"""The roles of accounts."""

from enum import StrEnum


class Role(StrEnum):
    """What an account may do; each role may do everything that the former may."""

    READER = "reader"  # ask, and keep conversations
    EDITOR = "editor"  # change the corpus, run test prompts
    OWNER = "owner"  # read the metrics
