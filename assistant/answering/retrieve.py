"""Retrieves candidate passages by meaning (vectors) and by words (BM25), with both scores for each."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answering.age_and_weight import without_person
from assistant.answering.word_list import is_everyday, is_listed_name
from assistant.index import View
from ingest.index.catalog import Snapshot
from ingest.index.lexicon import BM25_K1
from ingest.models.encoder import Vectors32
from ingest.schema import Passage, Span
from ingest.text.language import question_language
from ingest.text.tables import LONGEST, head_above, may_go_on
from ingest.text.terms import ENGLISH, Term, question_terms

CANDIDATES = 50  # passages from each of the two searches
# "repayment" may be told with "repaid".
_DERIVED = re.compile(r"(?:ing|ed|i[sz]es?|ify|ly|ments?|ness|ships?|[ai]bility)\Z", re.IGNORECASE)
_BEFORE_VERB = re.compile(
    r"\b(?:to|I|you|we|they|he|she|not|never|(?<!\bis )(?<!\bwas )(?<!\bbe )it)\s+\Z", re.IGNORECASE
)
_BEFORE_NOUN = re.compile(  # "allergic to amoxicillin"
    r"\b(?:allerg\w+|similar|due|sensitiv\w+|related|compared|comparison|reactions?|alternatives?|addicted|opposed"
    r"|switch\w*|intoleran\w+|expos\w+|resistan\w+|immune)\s+to\s+\Z",
    re.IGNORECASE,
)
# Whatever else there is, it is not this.
_EXCLUDED = re.compile(
    r"\b(?:besides|instead of|other than|apart from|aside from|except(?: for)?|without|rather than"
    r"|I(?:['’]m| am) (?:not allowed to \w+|allergic to|intolerant (?:of|to))"
    r"|I (?:can(?:no|['’])t|could(?:n['’]t| not)|should(?:n['’]t| not)|must(?:n['’]t| not)|do(?:n['’]t| not)) \w+)\s+"
    r"(?:(?:the|a|an|my|any|taking|using)\s+)?\Z",
    re.IGNORECASE,
)
_EPONYM = re.compile(r"([A-Z][^\W\d_]+)['’]s")
_CODE = re.compile(r"[A-Za-z]+\d+[A-Za-z\d]*")  # X20S, B12
_LETTERS_AND_NUMBER = re.compile(r"([A-Za-z]+)(\d{1,4})")
_YEAR = re.compile(r"(?:19|20)\d\d")
_SPANNING = re.compile(  # "since 1 March 2010" may be told with "in 2012", "born in 1985" with "before 1990"
    r"(?:\b(?:since|before|after|until|till|by|from|to|than|over|under|least|around|between(?:\s+\d+\s+and)?"
    r"|(?:born|built|made|bought)\s+in)(?:\s+\d{1,2}(?:st|nd|rd|th)?)?(?:\s+[a-z]{3,9}\.?)?|[$£€¥#<>])\s*\Z",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\s*(?:%|(?:k?cal\w*|m?g|kg|m?l|iu|rpm|w|ft|(?:square|cubic)\s+\w+|(?!(?:is|was|has|does)\b)[a-z]+s|people"
    r"|feet)\b)",
    re.IGNORECASE,
)
BEFORE = 60  # characters before a word that say whether it is a name
NEAR = 3  # how far the number of a code may be from another's that shows how such codes are written
SEEN = 20  # passages in which to see whether a name is written in small letters
NAMED = 5_000  # passages with a name whose texts are looked up, the first ones; few names have more
_SAYING = re.compile(r"\baccording\s+to\s+(?:(?:the|my|your|our)\s+)?\Z", re.IGNORECASE)  # "... the chiropractors"
# What follows a name that is one of an illness, and not of whom something belongs to ("the Janitor's shed").
_OF_ILLNESS = re.compile(
    r"\W*(?:$|[.,;:?!)]|(?:diseases?|syndrome|disorder|palsy|dementia|thyroiditis|lymphoma|chorea|phenomenon|contracture"
    r"|cysts?|fractures?|symptoms?|signs?|treatments?|treated|therapy|medicines?|medication|patients?|diagnos\w+|is|are"
    r"|was|be|does|do|can|and|or|in|with|without|by|from|if|when|affect\w*|caus\w*|cur\w+|run)\b)",
    re.IGNORECASE,
)
_OPENING = " \t\n\"'“‘(*_¿¡"
LONGEST_QUESTION = 2_000  # characters; the rest of a longer question is ignored


@dataclass(frozen=True, slots=True)
class QuestionTerm:
    """A word of the question: as typed, its stem, span, number of passages that contain it, and weight (idf > 0).

    `names` says whether it is a rare English noun, such as the name of a drug or disease; one that no text has must
    not look like a slip or a compound. A year is a name too. `stop` words are only searched for
    where there are no others.
    """

    word: str
    stem: str
    span: Span
    frequency: int
    idf: float
    names: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """An encoded question: its vector, its distinct words and its language (ISO 639-1).

    `person` is what a story before it told of somebody's age and weight, see age_and_weight.py; it is not searched for.
    """

    text: str
    vector: Vectors32
    terms: tuple[QuestionTerm, ...]
    language: str = ENGLISH
    person: str = ""

    @property
    def weight(self) -> float:
        """The sum of the words' weights."""
        return sum(term.idf for term in self.terms)

    @property
    def missing(self) -> tuple[str, ...]:
        """The words that occur in no text, as typed; the index knows no stop words."""
        return tuple(term.word for term in self.terms if term.frequency == 0 and not term.stop)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with its retrieval scores.

    `cosine` compares the question with the passage, title and headings, `title`
    with the title alone (-1 to 1 each). `bm25` is a share (0 to 1) of the
    highest possible score. `empty` is whether it says nothing but what its text
    is about (front matter, a picture). `head` is that of the table that the
    passage goes on with. `names` are the stems of the question's names that stand
    anywhere in its text, as far as `NAMED` tells.
    """

    passage: Passage
    cosine: float
    bm25: float
    title: float = 0.0
    empty: bool = False
    head: str = ""
    names: frozenset[str] = frozenset()


def storable(text: str) -> str:
    """Return the text with lone surrogates as `?`, because neither encoders nor the catalog take them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def encode_question(text: str, view: View, language: str = "") -> Question:
    """Encode a question and weigh its words.

    A question without content words is searched by its stop words. `language`
    is its ISO 639-1 code, "" if it is still to be found.

    Source: idf of BM25, ln(1 + (N - n + 0.5) / (n + 0.5)), Robertson and Zaragoza 2009.
    """
    text, person = without_person(" ".join(storable(text)[:LONGEST_QUESTION].split()))
    language = language or question_language(text, view.totals.languages)
    words: dict[str, Term] = {}
    for term in question_terms(text, language):
        words.setdefault(term.stem, term)
    frequencies = view.snapshot.document_frequencies(list(words))
    passages = view.totals.passages
    names = _names(text, list(words.values()), view) if language == ENGLISH else frozenset()
    terms = tuple(
        QuestionTerm(
            word=text[term.start : term.end],
            stem=stem,
            span=(term.start, term.end),
            frequency=frequencies[stem],
            idf=idf(frequencies[stem], passages),
            names=(language == ENGLISH and _is_year(text, term))
            or (term in names and (frequencies[stem] > 0 or _is_known(text, term, view))),
            stop=term.stop,
        )
        for stem, term in words.items()
    )
    return Question(text, view.encoder.encode([text], query=True)[0], terms, language, person)


def _names(text: str, words: Sequence[Term], view: View) -> frozenset[Term]:
    """Return the words that are rare nouns: the encoder knows them only in parts, and nothing says that they are verbs.

    Codes of letters and digits are names too. What a question excludes ("besides ibuprofen") is none.

    Source: trial "names-that-a-passage-lacks".
    """
    lengths = view.encoder.count_tokens([text[term.start : term.end].lower() for term in words])
    return frozenset(
        term
        for term, length in zip(words, lengths, strict=True)
        if not _EXCLUDED.search(text, max(0, term.start - BEFORE), term.start)
        and (
            _CODE.fullmatch(text, term.start, term.end)
            or _is_eponym(text, term, view)
            or (
                length > 1
                and text[term.start : term.end].isalpha()
                and not (text[term.start].islower() and _is_no_name(text, term))
                and not _DERIVED.search(text, term.start, term.end)
                and (
                    not _BEFORE_VERB.search(text, max(0, term.start - BEFORE), term.start)
                    or _BEFORE_NOUN.search(text, max(0, term.start - BEFORE), term.start)
                )
            )
        )
    )


def _is_eponym(text: str, term: Term, view: View) -> bool:
    """Return whether a word is a rare name with an "'s" ("Parkinson's"), even if the encoder knows it whole.

    The texts never write it in small letters; if they do not have it, it does not open a sentence ("Landlady's").
    """
    name = _EPONYM.fullmatch(text, term.start, term.end)
    if name is None or is_everyday(name[1].casefold()):
        return False
    texts = view.snapshot.texts_with([[term.stem]], SEEN)
    before = text[: term.start].rstrip(_OPENING)
    if not texts:
        return before[-1:] not in ("", ".", "!", "?", ":")
    small = re.compile(rf"(?<![\w/.@-]){name[1].lower()}(?![\w@/-]|\.\w)")  # not in an address
    return not any(map(small.search, texts))


def _is_no_name(text: str, term: Term) -> bool:
    """Return whether a word in small letters is an everyday one, or only says who told something."""
    return is_everyday(text[term.start : term.end]) or bool(
        _SAYING.search(text, max(0, term.start - BEFORE), term.start)
    )


def names_in(text: str, view: View) -> list[str]:
    """Return the names in an English text, as typed: see `QuestionTerm.names`."""
    words = question_terms(text)
    names = _names(text, words, view)
    return [text[term.start : term.end] for term in words if term in names]


def _is_known(text: str, term: Term, view: View) -> bool:
    """Return whether a rare noun that no text has is a name to all appearance: trial "names-that-no-text-has"."""
    word, after = text[term.start : term.end], text[term.end : term.end + 2]
    if _EPONYM.fullmatch(word):
        return _OF_ILLNESS.match(text, term.end) is not None and not text.istitle()
    if not word.isalpha() or (after[:1] == "-" and after[1:].isdigit()):  # a code may be written otherwise
        return _has_neighbours(word, view)
    in_small_letters = text[: term.start].strip(_OPENING) != "" and not text.istitle() and not text.isupper()
    return is_listed_name(word, capital_counts=in_small_letters)


def _has_neighbours(word: str, view: View) -> bool:
    """Return whether texts have codes of the same letters with a number near to a code's: E2 and E4 beside E3."""
    code = _LETTERS_AND_NUMBER.fullmatch(word)
    if code is None:
        return False
    letters, number = code[1].lower(), int(code[2])
    near = [f"{letters}{other}" for other in range(max(0, number - NEAR), number + NEAR + 1) if other != number]
    return any(view.snapshot.document_frequencies(near).values())


def _is_year(text: str, term: Term) -> bool:
    """Return whether a question asks about one year; what never mentions it does not answer: trial "years-as-names"."""
    return (
        _YEAR.fullmatch(text, term.start, term.end) is not None
        and not _SPANNING.search(text, max(0, term.start - BEFORE), term.start)
        and not _UNIT.match(text, term.end)
    )


def retrieve(question: Question, view: View, limit: int = CANDIDATES) -> list[Candidate]:
    """Return the nearest passages by meaning and by words, in catalog order, each with both scores."""
    lexical = dict(view.snapshot.lexical([term.stem for term in question.terms], limit))
    cosines, keys = _nearest(question.vector, view, limit)
    passages = view.snapshot.passages([*keys, *(key for key in lexical if key not in keys)])
    bm25 = view.snapshot.lexical_of([term.stem for term in question.terms], list(passages))
    unknown = sorted({p.sha for p in passages.values()} - cosines.keys())
    cosines.update(view.vectors.cosines(question.vector, unknown))
    ceiling = question.weight * (BM25_K1 + 1) or 1.0
    named = {
        term.stem: view.snapshot.places_with(term.stem, NAMED)
        for term in question.terms
        if term.names and term.frequency
    }
    return [
        Candidate(
            passage,
            cosines[passage.sha],
            min(1.0, bm25.get(key, 0.0) / ceiling),
            head=_table_head(passage, view.snapshot),
            names=frozenset(stem for stem, places in named.items() if passage.place in places),
        )
        for key, passage in sorted(passages.items())
        if passage.sha in cosines
    ]


def _table_head(passage: Passage, snapshot: Snapshot) -> str:
    return head_above(snapshot.before(passage, LONGEST), passage.text) if may_go_on(passage.text) else ""


def idf(frequency: int, passages: int) -> float:
    """Return the BM25 weight of a word that occurs in `frequency` of `passages` passages."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))


def _nearest(vector: Vectors32, view: View, limit: int) -> tuple[dict[str, float], list[int]]:
    """Return the cosines of the nearest vectors and the row numbers of their passages.

    A run in progress may have added vectors that the catalog does not know yet,
    so the search widens until it finds enough known ones.
    """
    width = limit
    while True:
        cosines = dict(view.vectors.nearest(vector, width))
        places = view.snapshot.keys_of(list(cosines))
        if len(places) >= limit or len(cosines) < width:
            known = {sha: cosine for sha, cosine in cosines.items() if sha in places}
            return known, [key for sha in known for key in places[sha]]
        width *= 4
