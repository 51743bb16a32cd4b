"""Understands a follow-up question from the questions before it."""

import re
from collections.abc import Sequence

from ingest.terms import content_terms

# "and yoga?", "what about women?", "why?", "is it safe?": a question that leans on the one before it.
_OPENING = re.compile(r"(?:and|or|but|so|also|what about|how about|what if)\b", re.IGNORECASE)
_POINTING = re.compile(r"\b(?:it|its|they|them|their|this|that|these|those|he|she|one|ones)\b", re.IGNORECASE)


def understood(question: str, history: Sequence[str]) -> str:
    """Return the question with the words of the last one before it where it leans on them.

    A question leans when it has no word of its own, opens as a continuation, or
    points back with a pronoun and has at most two words of its own.
    """
    if not history or not question.strip():
        return question
    own = content_terms(question)
    leans = not own or _OPENING.match(question.strip()) or (_POINTING.search(question) and len(own) <= 2)
    return f"{history[-1].strip()} {question.strip()}" if leans else question
