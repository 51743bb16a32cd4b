"""Understands a follow-up question by the questions before it, and leaves a new subject alone.

No language model and no words of a subject: the forms by which English leans
on what was said (no word of its own, a pronoun with nothing before it to stand
for, "and ...?", "what about ...?"), and the passages, which tell what of the
earlier question belongs with the new one.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from assistant.answering.retrieve import idf
from ingest.index.catalog import Snapshot
from ingest.text.terms import Term, analyse, content_terms

REMEMBERED = 8  # earlier questions that count
CARRIED = 500  # characters of the earlier question that are taken along at most, its last ones
FEW = 2  # words of its own up to which a question points back
SHORT = 3  # words of its own up to which a question may have left its subject out
BELONGS = 0.5  # share of the earlier question's weight that a passage must hold for an unmarked follow-up
READ = 100  # passages that are looked at

_JOINED = re.compile(r"\s*(?:and|or|but|so|also|then)\b(?![-'’])[\s,]*", re.IGNORECASE)
_CASE = re.compile(r"\s*(?:what|how) about\b|\s*what if\b", re.IGNORECASE)
_PREPOSITION = re.compile(r"\s*(?:for|in|on|at|with|without|during|after|before|from|by|of|to|if)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how|(?:is|are|was|were|do|does|did|can|could|should|would|will|may"
    r"|might|must|has|have|had)(?:n['’]t)?|can['’]t|won['’]t|wh\w+['’]s|i|you|we)\b",
    re.IGNORECASE,
)
_DEGREE = re.compile(r"\bhow\s+(?!many\b|much\b)(\w+)", re.IGNORECASE)  # "how far", "how strong": not a subject
_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her)\b", re.IGNORECASE)
_POSSESSIVES = frozenset({"its", "their", "his", "her"})
_NEXT_CLAUSE = re.compile(r"[,;.:]|\b(?:and|or|but|so|when|while|if|because|although|that|which|who)\b", re.IGNORECASE)
_POINTER = re.compile(
    r"\b(?:this|that|these|those|ones|(?:which|the|another|other|first|second|last|next|same) one)\b", re.IGNORECASE
)
_VERB = re.compile(r"\s+(?:is|are|was|were|has|have|had|will|would|can|could|may|might|should)\b", re.IGNORECASE)
_EMPTY_IT = re.compile(r"\b(?:is|was|be|isn['’]t)\s+it\s+\w+\s+(?:that|to)\b", re.IGNORECASE)  # "is it true that"


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it is asked of the texts, whether it leans on the one before it, and the words it is about."""

    text: str
    leans: bool
    about: str = field(default="", compare=False)


def understood(question: str, history: Sequence[str], snapshot: Snapshot) -> Reading:
    """Return the question with what it leans on of the questions before it; as typed where it leans on nothing.

    A question without a word of its own ("why?") takes the earlier one along
    whole; one that points back to it takes what that is about; one that names
    another case ("and yoga?") takes those of its words that stand in one passage
    with the new ones.
    """
    alone = Reading(question, leans=False, about=_words(question))
    if not history or not analyse(question):
        return alone
    before = understood(history[-1], history[-REMEMBERED:-1], snapshot)
    earlier, about = _tail(before.text), _tail(before.about)
    if not earlier:
        return alone
    rest, dependent = _opened(question)
    own = _subjects(rest)
    if not own:
        return Reading(f"{earlier} {question.strip()}", leans=True, about=about)
    if _points_back(rest, own):
        return _leaning(question, about) if about else alone
    if dependent:
        kept = _belonging(own, earlier, snapshot)
        return _leaning(question, kept, _words(rest)) if kept else alone
    if about and _left_out(own, earlier, snapshot):
        return _leaning(question, about)
    return alone


def _leaning(question: str, about: str, case: str = "") -> Reading:
    """Return a question that leans on words; the case that it names is what it is about too."""
    return Reading(f"{about}: {question.strip()}", leans=True, about=f"{about} {case}".strip())


def _words(question: str) -> str:
    """Return the words that a question is about, as typed."""
    return " ".join(question[term.start : term.end] for term in _subjects(question))


def _tail(text: str) -> str:
    """Return the last words of a text."""
    text = text.strip()
    return text if len(text) <= CARRIED else text[-CARRIED:].partition(" ")[2]


def _opened(question: str) -> tuple[str, bool]:
    """Return the question without how it joins on, and whether what is left is a case to be asked about, no clause."""
    rest = question
    while joined := _JOINED.match(rest):
        rest = rest[joined.end() :]
    case = _CASE.match(rest)
    if case:
        return rest[case.end() :], True
    if _PREPOSITION.match(rest):
        return rest, not _CLAUSE.search(rest)
    return rest, len(rest) < len(question) and not _CLAUSE.match(rest.strip())


def _subjects(question: str) -> list[Term]:
    """Return the words that can be a subject: those of meaning that do not only ask for a degree."""
    degrees = {match.start(1) for match in _DEGREE.finditer(question)}
    return [term for term in content_terms(question) if term.start not in degrees]


def _points_back(question: str, own: Sequence[Term]) -> bool:
    """Whether a pronoun has nothing before it in the question to stand for.

    A pronoun does not stand for what its own clause is about ("What causes
    it?"), unless it says whose ("Does sciatica get its name from a nerve?"), but may
    for what an earlier clause is about ("I have gout, does it ...?"), or one
    around it ("Does Moore believe he will ...?").
    """
    if _POINTER.search(question) and len(own) <= FEW:
        return True
    pronoun = _PRONOUN.search(question)
    if pronoun is None or _EMPTY_IT.search(question):
        return False
    before = [term for term in own if term.start < pronoun.start()]
    if not before:
        return True
    whose = pronoun.group().lower() in _POSSESSIVES
    next_clause = _NEXT_CLAUSE.search(question, before[0].end, pronoun.start())
    at_once = not question[before[-1].end : pronoun.start()].strip()
    told = len(before) > 1 and at_once and _VERB.match(question, pronoun.end())
    return len(before) <= FEW and not (whose or next_clause or told)


class _Passages:
    """Which words of two questions stand in which passage, title and headings included, and what they weigh."""

    def __init__(self, words: Collection[str], snapshot: Snapshot) -> None:
        frequencies = snapshot.document_frequencies(list(words))
        total = snapshot.counts()[1]
        self.weights = {word: idf(count, total) for word, count in frequencies.items()}
        self.unknown = {word for word, count in frequencies.items() if count == 0}
        found = snapshot.passages([key for key, _ in snapshot.lexical(list(words), READ)])
        texts = [" ".join((p.title, *p.heading, p.text)) for _, p in sorted(found.items())]
        self.held = [{term.stem for term in content_terms(text)} & self.weights.keys() for text in texts]

    def weigh(self, words: Collection[str]) -> float:
        """Return the weight of the words together."""
        return sum(self.weights[word] for word in words)


def _belonging(own: Sequence[Term], earlier: str, snapshot: Snapshot) -> str:
    """Return the earlier question's words that stand in the passage which holds most of the new ones; "" if none."""
    words, terms = {term.stem for term in own}, content_terms(earlier)
    passages = _Passages(words | {term.stem for term in terms}, snapshot)
    best = max(passages.held, key=lambda held: (passages.weigh(held & words), passages.weigh(held)), default=set())
    if not best & words:
        return ""
    kept = [earlier[term.start : term.end] for term in terms if term.stem in best - words]
    return " ".join(kept)


def _left_out(own: Sequence[Term], earlier: str, snapshot: Snapshot) -> bool:
    """Whether a short question says too little by itself, and a passage on the earlier one's subject says more.

    That is so if its words stand in passages on other matters too, and if it
    does not repeat a word of the earlier question, as one does who starts anew.
    """
    words, before = {term.stem for term in own}, {term.stem for term in content_terms(earlier)}
    if len(words) > SHORT or not before or words & before:
        return False
    passages = _Passages(words | before, snapshot)
    if words & passages.unknown:
        return False
    shares = [passages.weigh(held & before) / passages.weigh(before) for held in passages.held if words <= held]
    return bool(shares) and max(shares) >= BELONGS > min(shares)
