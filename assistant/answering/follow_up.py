"""Resolves follow-up questions from the questions before them; other questions stay as typed.

This uses rules, not a language model, and no vocabulary of any subject. The
rules look for the forms in which English refers back (no content word, a
pronoun with no antecedent, "and ...?", "what about ...?") and use the passages
to decide which words of the earlier question belong with the new one.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from assistant.answering.leaning import NEGATION
from assistant.answering.retrieve import idf
from assistant.answering.small_talk import small_talk
from ingest.index.catalog import Snapshot
from ingest.text.terms import Term, analyse, content_terms

REMEMBERED = 8  # earlier questions to look at
CARRIED = 500  # characters of the earlier question to carry over at most, from its end
FEW = 2  # most content words of a question that can refer back by a pronoun
SHORT = 3  # most content words of a question that may have left out its subject
BELONGS = 0.5  # share of the earlier question's weight that a passage must cover for an unmarked follow-up
READ = 100  # passages to look at
FRAGMENT = 6  # most words of a question that begins with "and" in another language and cannot stand alone
LONGEST_PHRASE = 6  # words after the preposition of a phrase in whose place another comes

AUXILIARY = r"(?:is|are|was|were|do|does|did|can|could|should|would|will|may|might|must|has|have|had)(?:n['’]t)?"
ANY_AUXILIARY = rf"{AUXILIARY}|am|can['’]t|won['’]t"
ASKING = r"(?:what|which|who|whom|whose|when|where|why|how)"
_JOINED = re.compile(r"\s*(?:and|or|but|so|also|then)\b(?![-'’])[\s,]*", re.IGNORECASE)
_CASE = re.compile(r"\s*(?:what|how) about\b|\s*what if\b", re.IGNORECASE)
_PREPOSITION = re.compile(r"\s*(?:for|in|on|at|with|without|during|after|before|from|by|of|to|if)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"\s*(?:(?:a|an|the|my|your)\s+)?", re.IGNORECASE)
_CLAUSE = re.compile(
    rf"\b(?:what|which|who|whom|whose|when|where|why|how|{AUXILIARY}|can['’]t|won['’]t|wh\w+['’]s|i|you|we)\b",
    re.IGNORECASE,
)
_DEGREE = re.compile(r"\bhow\s+(?!many\b|much\b)(\w+)", re.IGNORECASE)  # "how far", "how strong": not a subject
_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her)\b", re.IGNORECASE)
_POSSESSIVES = frozenset({"its", "their", "his", "her"})
NEXT_CLAUSE = re.compile(r"[,;.:]|\b(?:and|or|but|so|when|while|if|because|although|that|which|who)\b", re.IGNORECASE)
_POINTER = re.compile(
    r"\b(?:this|that|these|those|ones|(?:which|the|another|other|first|second|last|next|same) one)\b", re.IGNORECASE
)
_VERB = re.compile(r"\s+(?:is|are|was|were|has|have|had|will|would|can|could|may|might|should)\b", re.IGNORECASE)
# "is it safe to take in pregnancy?": the verb lacks what "it" is.
TO_VERB = (
    r"to\s+(?:take|use|give|combine|mix|apply|have|wear|freeze)"
    r"(?=\s*(?:[?.,;!]|$)|\s+(?:in|with|without|when|while|during|after|before|if|at|on|for|every|daily|and|or|together"
    r"|too|as)\b)"
)
_EMPTY_IT = re.compile(  # "is it true that"
    rf"\b(?:is|was|be|isn['’]t)\s+it\s+\w+\s+(?!{TO_VERB})(?:that|to)\b", re.IGNORECASE
)
_WHAT_HAPPENS = re.compile(r"\W*(?:what|who)\s+\w+s\b", re.IGNORECASE)
_AND: Mapping[str, frozenset[str]] = MappingProxyType(  # by language
    {
        "de": frozenset(("und", "oder", "aber")),
        "es": frozenset(("y", "e", "o", "pero")),
        "fr": frozenset(("et", "ou", "mais")),
        "it": frozenset(("e", "ed", "o", "ma")),
        "nl": frozenset(("en", "of", "maar")),
        "pt": frozenset(("e", "ou", "mas")),
    }
)
_OPENS_WITH_AUXILIARY = re.compile(rf"\W*{AUXILIARY}\b", re.IGNORECASE)
_WITH = re.compile(r"(?:with|for|in|during|after|before|without|against|on)\b", re.IGNORECASE)
_FILLER = re.compile(
    r"\W*(?:(?:hi|hey|hello|great|thanks|thank you|okay|ok|cool|interesting|good (?:morning|afternoon|evening)|dear all"
    r"|sorry|well|hm+|right|perfect|nice|good|yes|no|sure|understood|got it|wow)(?: (?:there|everyone|all|again|you))?"
    r"(?:\s*[,!.:;–—]+\s*|\s+-+\s+))+(?=\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ResolvedQuestion:
    """A question as searched for, whether it depends on an earlier one, and the words it is about."""

    text: str
    leans: bool
    about: str = field(default="", compare=False)


def without_filler(question: str) -> str:
    """Return a question without a greeting or an "interesting" before it."""
    return _FILLER.sub("", question, count=1) if _FILLER.match(question) else question


def resolve_follow_up(
    question: str,
    history: Sequence[str],
    snapshot: Snapshot,
    names: Callable[[str], Collection[str]] = lambda _: (),
) -> ResolvedQuestion:
    """Return the question completed from the earlier ones, or as typed if it stands alone.

    A question without content words ("why?") gets the whole earlier question.
    One that refers back ("is it safe?") gets the words that the earlier
    question is about. One that names another case ("and yoga?") gets those
    words of the earlier question that occur in one passage with the new ones
    (phrases whole), or takes the place of the case that it names anew ("and
    sick leave?" after "How much annual leave do I earn?"). What the earlier
    question denies, and the names in it (drugs, diseases), are never lost.
    """
    alone = ResolvedQuestion(question, leans=False, about=_words(question))
    history = [earlier for earlier in history if not small_talk(earlier)]
    if not history or not analyse(question):
        return alone
    before = resolve_follow_up(history[-1], history[-REMEMBERED:-1], snapshot, names)
    earlier, about = _tail(before.text), _tail(before.about)
    if not earlier:
        return alone
    asked = without_filler(question)
    rest, dependent = _opened(asked)
    own, named = _subjects(rest), [each for each in names(earlier) if each.casefold() not in rest.casefold()]
    if dependent and own and (swapped := _in_its_place(asked, rest, own, earlier, names)):
        return ResolvedQuestion(swapped, leans=True, about=_words(swapped))
    if not own:
        return ResolvedQuestion(f"{earlier} {question.strip()}", leans=True, about=about)
    if _points_back(rest, own):
        return _leaning(question, _unsaid(about, own) if _POINTER.search(rest) else about) if about else alone
    if dependent:
        if NEGATION.search(earlier):
            return ResolvedQuestion(f"{earlier} {question.strip()}", leans=True, about=f"{about} {_words(rest)}")
        kept = belonging(own, earlier, snapshot, named, phrases=True)
        return _leaning(question, kept, _words(rest)) if kept else alone
    if about and not names(rest) and _left_out(own, earlier, snapshot):
        return _leaning(question, about)
    return alone


def resolve_foreign(question: str, history: Sequence[str], language: str) -> ResolvedQuestion:
    """Return a question in another language than English, after the last one if it cannot stand alone.

    Such is one that opens with "and" and has few words, or one without content words ("pourquoi ?").
    """
    about = " ".join(question[term.start : term.end] for term in content_terms(question, language))
    alone = ResolvedQuestion(question, leans=False, about=about)
    earlier = [each for each in history if not small_talk(each)]
    opening = question.lstrip("¿ ").casefold().split(" ")[0]
    fragment = opening in _AND.get(language, ()) and len(question.split()) <= FRAGMENT
    if not earlier or not analyse(question, language) or not (fragment or not about):
        return alone
    return ResolvedQuestion(f"{_tail(earlier[-1])} {question.strip()}", leans=True, about=about)


def _in_its_place(
    question: str, rest: str, own: Sequence[Term], earlier: str, names: Callable[[str], Collection[str]]
) -> str:
    """Return the earlier question with the new case in the place of what it replaces; "" if it replaces nothing."""
    denied = NEGATION.search(earlier) is not None
    swapped = _swapped(rest, own, earlier)
    if not swapped and (denied or _JOINED.match(question)):
        swapped = _swapped_name(rest, own, earlier, names)
    return swapped or (_swapped_phrase(rest, earlier) if denied else "")


def _swapped(rest: str, own: Sequence[Term], earlier: str) -> str:
    """Return the earlier question with another kind of the same thing in it; "" if the two name no such thing."""
    terms = content_terms(earlier)
    heads = [at for at, term in enumerate(terms) if own and term.stem == own[-1].stem]
    if len(heads) != 1 or len(own) < 2:
        return ""
    if not _ARTICLE.fullmatch(rest[: own[0].start]) or rest[own[-1].end :].strip(" ?!."):
        return ""
    first = heads[0]
    while first > 0 and not earlier[terms[first - 1].end : terms[first].start].strip():
        first -= 1
    if first == heads[0]:
        return ""
    case = rest[own[0].start : own[-1].end]
    return f"{earlier[: terms[first].start]}{case}{earlier[terms[heads[0]].end :]}"


def _swapped_phrase(rest: str, earlier: str) -> str:
    """Return the earlier question with another phrase of the same preposition at its end; "" if it has none.

    So "And with diabetes?" takes the place of "with gout".
    """
    preposition = _WITH.match(rest.strip())
    if preposition is None:
        return ""
    found = list(re.finditer(rf"\b{preposition[0]}\b", earlier, re.IGNORECASE))
    if not found or len(earlier[found[-1].end() :].split()) > LONGEST_PHRASE:
        return ""
    return f"{earlier[: found[-1].start()]}{rest.strip(' ?!.')}{'?' if earlier.rstrip().endswith('?') else ''}"


def _swapped_name(rest: str, own: Sequence[Term], earlier: str, names: Callable[[str], Collection[str]]) -> str:
    """Return the earlier question with the name in the place of its only one; "" if it names more or nothing."""
    bare = _ARTICLE.fullmatch(rest[: own[0].start]) and not rest[own[-1].end :].strip(" ?!.")
    before = list(names(earlier))
    if not bare or len(before) != 1 or not names(rest):
        return ""
    case = rest[own[0].start : own[-1].end]
    return re.sub(rf"\b{re.escape(before[0])}\b", lambda _: case, earlier)


def _leaning(question: str, about: str, case: str = "") -> ResolvedQuestion:
    """Return a question completed with the words `about`; it is then also about the `case` that it names."""
    return ResolvedQuestion(f"{about}: {question.strip()}", leans=True, about=f"{about} {case}".strip())


def _unsaid(about: str, own: Sequence[Term]) -> str:
    """Return the words of the earlier question without those that the new one has too; all of them if none is left."""
    said = {term.stem for term in own}
    left = " ".join(about[term.start : term.end] for term in content_terms(about) if term.stem not in said)
    return left or about


def _words(question: str) -> str:
    """Return the words that a question is about, as typed."""
    return " ".join(question[term.start : term.end] for term in _subjects(question))


def _tail(text: str) -> str:
    """Return the last words of a text, up to `CARRIED` characters."""
    text = text.strip()
    return text if len(text) <= CARRIED else text[-CARRIED:].partition(" ")[2]


def _opened(question: str) -> tuple[str, bool]:
    """Return the question without its connective ("and"), and whether the rest is a case rather than a clause."""
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
    """Return the words that can be a subject: content words that do not just ask for a degree."""
    degrees = {match.start(1) for match in _DEGREE.finditer(question)}
    return [term for term in content_terms(question) if term.start not in degrees]


def _points_back(question: str, own: Sequence[Term]) -> bool:
    """Whether a question has a pronoun without an antecedent in the question itself.

    The subject of the pronoun's own clause is no antecedent ("What causes
    it?"), except for possessives ("Does sciatica get its name from a nerve?").
    The subject of an earlier clause ("I have gout, does it ...?") or of an
    enclosing one ("Does Moore believe he will ...?") may be one.
    """
    pointers = (match for match in _POINTER.finditer(question) if not _is_relative(match, own, question))
    if any(pointers) and len(own) <= FEW:
        return True
    pronoun = _PRONOUN.search(question)
    if pronoun is None or _EMPTY_IT.search(question):
        return False
    asked = _WHAT_HAPPENS.match(question)  # "what happens if I delete it?": a verb is no antecedent
    before = [term for term in own if term.start < pronoun.start() and not (asked and term.end <= asked.end())]
    if not before:
        return True
    whose = pronoun.group().lower() in _POSSESSIVES
    next_clause = NEXT_CLAUSE.search(question, before[0].end, pronoun.start())
    at_once = not question[before[-1].end : pronoun.start()].strip()
    subordinate = len(before) > 1 and at_once and _VERB.match(question, pronoun.end())
    return len(before) <= FEW and not (whose or next_clause or subordinate)


def _is_relative(pointer: re.Match[str], own: Sequence[Term], question: str) -> bool:
    """Whether a word such as "that" stands right after a noun ("stretches that help")."""
    return pointer[0].lower() in ("that", "those") and any(
        term.end <= pointer.start() and not question[term.end : pointer.start()].strip() for term in own
    )


class _Passages:
    """The passages that contain words of two questions, counting title and headings, and the words' weights."""

    def __init__(self, words: Collection[str], snapshot: Snapshot) -> None:
        frequencies = snapshot.document_frequencies(list(words))
        total = snapshot.counts()[1]
        self.weights = {word: idf(count, total) for word, count in frequencies.items()}
        self.unknown = {word for word, count in frequencies.items() if count == 0}
        found = snapshot.passages([key for key, _ in snapshot.lexical(list(words), READ)])
        texts = [" ".join((p.title, *p.heading, p.text)) for _, p in sorted(found.items())]
        self.held = [{term.stem for term in content_terms(text)} & self.weights.keys() for text in texts]

    def weigh(self, words: Collection[str]) -> float:
        """Return the sum of the words' weights."""
        return sum(self.weights[word] for word in words)


def belonging(
    own: Sequence[Term], earlier: str, snapshot: Snapshot, named: Collection[str] = (), *, phrases: bool = False
) -> str:
    """Return the earlier question's words that occur in the passage with most of the new ones, and those `named`.

    Return "" if there are none. With `phrases`, one is kept whole: "knee pain"
    does not become "pain" because no passage tells of the new case and knees.
    """
    words, terms = {term.stem for term in own}, content_terms(earlier)
    passages = _Passages(words | {term.stem for term in terms}, snapshot)
    best = max(passages.held, key=lambda held: (passages.weigh(held & words), passages.weigh(held)), default=set())
    kept = {term.stem for term in terms if earlier[term.start : term.end] in named}
    if best & words:
        kept |= best - words
    subject = {
        term.stem for term in terms[:1] if _OPENS_WITH_AUXILIARY.match(earlier)
    }  # "heat" in "Does heat ease pain?"
    for phrase in _phrases(earlier, terms) if phrases else ():
        stems = {term.stem for term in phrase}
        if stems & kept and not stems & words:
            kept |= stems - subject
    return " ".join(earlier[term.start : term.end] for term in terms if term.stem in kept)


def _phrases(text: str, terms: Sequence[Term]) -> Iterator[list[Term]]:
    """Yield the terms that have only space between them together ("knee pain")."""
    phrase: list[Term] = []
    for term in terms:
        if phrase and text[phrase[-1].end : term.start].strip():
            yield phrase
            phrase = []
        phrase.append(term)
    if phrase:
        yield phrase


def _left_out(own: Sequence[Term], earlier: str, snapshot: Snapshot) -> bool:
    """Whether a short question leaves out its subject, and the earlier question supplies it.

    Its words must occur in passages about the earlier subject and in others,
    and it must not repeat a word of the earlier question: people who do that
    are asking a complete, new question.
    """
    words, before = {term.stem for term in own}, {term.stem for term in content_terms(earlier)}
    if len(words) > SHORT or not before or words & before:
        return False
    passages = _Passages(words | before, snapshot)
    if words & passages.unknown:
        return False
    shares = [passages.weigh(held & before) / passages.weigh(before) for held in passages.held if words <= held]
    return bool(shares) and max(shares) >= BELONGS > min(shares)
