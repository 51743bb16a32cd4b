"""Mends misspelt words of a question with words of the corpus; words that exist, codes and names stay as typed.

A word that some text contains is never touched, nor one that is in a list of
words and whose stem some text contains. Any other becomes a word of the corpus if
that is the same word in British or American spelling, if only a space or hyphen is
missing or too many, or if it is a likely slip: few letters away, rare where the
corpus' word is common, and the corpus' word stands in a passage with a remaining
word of the question.
"""

import os.path
import re
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from rapidfuzz import process
from rapidfuzz.distance import OSA

from assistant.answering.word_list import COMMON, is_plain_slip, zipf
from assistant.schema import Correction
from ingest.index.catalog import Snapshot
from ingest.schema import Selection
from ingest.text.irregular import IRREGULAR
from ingest.text.stop_words import STOP_WORDS
from ingest.text.terms import ENGLISH, Term, analyse

SHORTEST = 4  # letters of a word that is mended
LONG, VERY_LONG = 8, 11  # letters from which a word may differ in two letters, and in three if it sounds the same
MOST = 8  # unknown words of a question that is mended; a text with more is not a question in the corpus' language
SURE = 7  # letters from which a word of no list needs nothing beside it, nor the same sound, to be mended in one letter
RARER = 2.0  # how much rarer than the word that was meant a listed slip is, in powers of ten ("recieve": 2.1)
UNLIKE = 2.8  # the same, where the two do not sound alike ("goverment": 3.0; "coxa" and "coma": 2.3)
ALIKE = 1.0  # what sounding alike counts where several words may be meant, in powers of ten
TRIED = 8  # stems looked up for a word
READ = 4  # passages read to see how the corpus writes a stem
SEARCHED = 100  # passages read to see whether any has a word as it was typed
REMEMBERED = 5  # vocabularies: that of all texts, and those of a few selections

# What differs between the stems of British and American spelling, with what stands for both.
_SPELLINGS = tuple(
    (re.compile(pattern), both)
    for pattern, both in (
        (r"[ao]e(?=..)", "e"),  # paediatric, oedema
        (r"(?<=[aeiou].)our|(?<=[aeiou]..)our|(?<=[aeo]i)our", "or"),  # tumour, harbour, behaviour
        (r"is(?=$|at|er$)", "iz"),  # organise
        (r"ys$", "yz"),  # analyse
        (r"(?<=[tb])r$", "er"),  # centre, fibre
        (r"(?<=..el)l$", "l"),  # labelled
        (r"(?<=n)c$", "s"),  # licence
        (r"ogu$", "og"),  # catalogue
        (r"mm$", "m"),  # programme
        (r"^disk", "disc"),
        (r"^grey", "gray"),
        (r"^mou(?=l[dt])", "mo"),
        (r"^sk(?=ept)", "sc"),
        (r"(?<=sul)ph", "f"),
        (r"dgement", "dgment"),
    )
)
_HEADS = {"a": "ae", "o": "oe", "e": "eao"}  # first letters of the same word in either spelling
_SOUNDS = tuple(  # "pane" and "pain" are "pan"
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ph", "f"),
        (r"t(?=ch)", ""),
        (r"xc(?=[eiy])", "x"),
        (r"c(?=[eiy])|z", "s"),
        (r"c|q", "k"),
        (r"(?<=.)[hw]|(?<=[^aeiouy])e$|(.)(?=\1)", ""),
        (r"(?<=.)[aeiouy]+", "a"),
    )
)
_STEMS = {form: analyse(form)[0].stem for form in IRREGULAR}  # by irregular form
_OPPOSED = (("hypo", "hyper"), ("micro", "macro"), ("inter", "intra", "infra"), ("anti", "ante"), ("over", "under"))


@dataclass(frozen=True, slots=True)
class Mended:
    """A question as searched for, and what was corrected in it, in order; nothing if it is as typed."""

    text: str
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The stems of one run: the passages that contain each; the stems and their irregular forms by letter and length.

    `written` remembers how the corpus writes a stem.
    """

    counts: dict[str, int]
    alike: dict[tuple[str, int], list[str]]
    written: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Fix:
    """What to write in the place of characters `start` to `end` of the question."""

    start: int
    end: int
    text: str


class Speller:
    """Mends questions from the words of the texts searched; remembers those of the last few. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, Selection], _Vocabulary] = OrderedDict()  # by run and selection

    def mend(self, question: str, snapshot: Snapshot, language: str = ENGLISH) -> Mended:
        """Return the question with its misspelt words corrected; as typed in a language without rules of its own.

        `language` is the question's ISO 639-1 code.
        """
        if language not in STOP_WORDS:
            return Mended(question)
        words = {question[t.start : t.end]: t.stem for t in analyse(question, language) if _is_word(question, t)}
        counts = snapshot.document_frequencies(sorted(set(words.values())))
        known = all(counts.values())
        if known and all(zipf(word, language) for word in words):
            return Mended(question)
        # Reading the vocabulary takes seconds where there are many texts.
        reading = _Reading(question, snapshot, _Vocabulary(counts, {}) if known else self._read(snapshot), language)
        if not 0 < len(reading.unknown + reading.misshapen) <= MOST:
            return Mended(question)
        fixes = list(reading.fixes())
        if known and len(fixes) < len(reading.misshapen):
            fixes = list(_Reading(question, snapshot, self._read(snapshot), language).fixes())
        text, corrections, at = "", [], 0
        for fix in fixes:
            text += question[at : fix.start] + fix.text
            corrections.append(Correction(question[fix.start : fix.end], fix.text))
            at = fix.end
        return Mended(text + question[at:], tuple(corrections))

    def _read(self, snapshot: Snapshot) -> _Vocabulary:
        key = snapshot.run(), snapshot.within
        with self._lock:
            known = self._known.pop(key, None) or _vocabulary(snapshot.stems())
            self._known[key] = known
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return known


def _vocabulary(counts: dict[str, int]) -> _Vocabulary:
    alike: dict[tuple[str, int], list[str]] = defaultdict(list)
    forms = (form for form, stem in _STEMS.items() if stem in counts)
    for stem in chain(filter(str.isalpha, counts), forms):
        alike[stem[0], len(stem)].append(stem)
    return _Vocabulary(counts, dict(alike))


def _is_word(question: str, term: Term) -> bool:
    """Whether a term is a word with a meaning rather than a code, a number or an abbreviation."""
    word = question[term.start : term.end]
    if term.stop or len(word) < SHORTEST or not word.isalpha():
        return False
    return word.islower() or word.istitle() or question.isupper()


class _Reading:
    """One question, read with the words of the corpus."""

    def __init__(self, question: str, snapshot: Snapshot, vocabulary: _Vocabulary, language: str) -> None:
        self._question = question
        self._snapshot = snapshot
        self._vocabulary = vocabulary
        self._language = language
        self._terms = analyse(question, self._language)
        self._capitals = all(question[t.start].isupper() for t in self._terms if not t.stop)  # a title: says nothing
        self._known = [t.stem for t in self._terms if not t.stop and t.stem in vocabulary.counts]
        self.unknown = [
            at for at, term in enumerate(self._terms) if term.stem not in vocabulary.counts and _is_word(question, term)
        ]
        self.misshapen = [
            at
            for at, term in enumerate(self._terms)
            if term.stem in vocabulary.counts
            and _is_word(question, term)
            and not self._zipf(self._word(at))
            and not self._is_written(at)
        ]

    def fixes(self) -> Iterator[_Fix]:
        """Yield the corrections, in order."""
        joined = -1
        near = {at: self._near(self._word(at)) for at in self.unknown}
        for at in sorted(self.unknown + self.misshapen):
            if at <= joined:
                continue
            term = self._terms[at]
            if at in self.misshapen:
                others = set(self._known) - {term.stem}
                text = self._reshaped(at) or self._slip(at, self._near(self._word(at)), others)
            elif fix := self._joined(at - 1) or self._joined(at):
                joined = at + 1 if fix.start == term.start else at
                yield fix
                continue
            else:
                beside = {*self._known, *(stem for other, stems in near.items() if other != at for stem in stems)}
                text = (
                    self._respelt(at, near[at])
                    or self._parted(at)
                    or self._slip(at, near[at], beside)
                    or self._sound_alike(at, near[at])
                )
            if text:
                yield _Fix(term.start, term.end, _cased(text, self._question[term.start : term.end]))

    def _word(self, at: int) -> str:
        return self._question[self._terms[at].start : self._terms[at].end]

    def _stem(self, word: str) -> str:
        return analyse(word, self._language)[0].stem

    def _near(self, word: str) -> list[str]:
        """Return the stems nearest to a word, best first, whatever its ending; of a real word, those like it."""
        stem = self._stem(word)
        folded, real = word.casefold(), self._zipf(word) >= COMMON
        counts = self._vocabulary.counts
        distances: dict[str, float] = {}
        for start in {stem, folded, *(folded[:-cut] for cut in (1, 2, 3) if len(folded) - cut >= SHORTEST)}:
            limit = 2 if real else _allowed(folded) if start == stem else 1
            for head in _HEADS.get(start[0], start[0]):
                for length in range(len(start) - limit, len(start) + limit + 1):
                    pool = self._vocabulary.alike.get((head, length), ())
                    for found, distance, _ in process.extract(
                        start, pool, scorer=OSA.distance, score_cutoff=limit, limit=None, processor=None
                    ):
                        key = _STEMS.get(found, found) if self._language == ENGLISH else found
                        if key in counts:
                            distances[key] = min(distances.get(key, distance), distance)
        if real:
            heard, same = _heard(word), _both(stem)
            distances = {key: value for key, value in distances.items() if _heard(key) == heard or _both(key) == same}
        return sorted(distances, key=lambda each: (distances[each], -counts[each], each))[:TRIED]

    def _is_written(self, at: int) -> bool:
        """Return whether a text has a word as it was typed, or so many have its stem that one may."""
        texts = self._snapshot.texts_with([[self._terms[at].stem]], SEARCHED + 1)
        return len(texts) > SEARCHED or any(self._word(at).casefold() in text.casefold() for text in texts)

    def _reshaped(self, at: int) -> str:
        """Return the word that was meant by one in no list whose stem is right ("precedance")."""
        word, written = self._word(at).casefold(), self._written(self._terms[at].stem)
        near = [(OSA.distance(word, each.casefold()), each) for each in written if self._zipf(each) >= COMMON]
        distance, found = min(near, default=(LONG, ""))
        return found if distance <= _allowed(word) and self._named_alike(at, found) else ""

    def _respelt(self, at: int, near: Sequence[str]) -> str:
        """Return the word in the corpus' spelling, if that is British and the typed one American, or the reverse."""
        same = _both(self._terms[at].stem)
        found = [stem for stem in near if _both(stem) == same]
        word = self._word(at).casefold()
        written = sorted(each for _, each in self._forms(at, found[:1]))
        return min(written, key=lambda each: OSA.distance(word, each.casefold()), default="")

    def _parted(self, at: int) -> str:
        """Return the word as two that stand side by side in the corpus ("lowback")."""
        word = self._word(at).casefold()
        if self._zipf(word) >= COMMON:  # "painless" is not "pain less"
            return ""
        for cut in range(3, len(word) - 2):
            stems = [self._stem(part) for part in (word[:cut], word[cut:])]
            if all(stem in self._vocabulary.counts for stem in stems) and self._side_by_side(*stems):
                return f"{word[:cut]} {word[cut:]}"
        return ""

    def _joined(self, at: int) -> _Fix | None:
        """Return a fix that writes a word and the next one as the corpus does, in one ("e-mail")."""
        if not 0 <= at < len(self._terms) - 1:
            return None
        first, second = self._terms[at : at + 2]
        between = self._question[first.end : second.start]
        word = self._word(at) + self._word(at + 1)
        pairs = ((first, self._word(at + 1)), (second, self._word(at)))
        if between == " " and any(one.stop and self._zipf(other) for one, other in pairs):
            return None  # "a symptomatic disc" is not "asymptomatic disc"
        known = self._stem(word) in self._vocabulary.counts
        return _Fix(first.start, second.end, word) if known and between in (" ", "-") else None

    def _slip(self, at: int, near: Sequence[str], beside: Collection[str]) -> str:
        """Return the word of the corpus that was meant, if the typed one is a likely slip of it; else ""."""
        word = self._word(at)
        typed = self._zipf(word)
        if typed >= COMMON:
            return ""
        found: list[tuple[int, float, str, str]] = []
        function_words = (("", each) for each in STOP_WORDS[self._language] if len(each) >= SHORTEST)
        for stem, written in chain(self._forms(at, near), function_words):
            distance = OSA.distance(word.casefold(), written.casefold(), score_cutoff=3)
            if distance > (_allowed(word) if stem else 1) or _opposed(word, written):
                continue
            alike = _heard(written) == _heard(word)
            if not alike and (distance > 2 or (not stem and typed and sorted(word.casefold()) != sorted(written))):
                continue  # "hake" is not "have"
            zipf = max(map(self._zipf, (written, *self._written(stem)))) if stem else self._zipf(written)
            enough = RARER if alike else UNLIKE
            rarer = zipf - typed >= enough if typed else alike or not stem or len(word) >= SURE
            if rarer and (distance == 1 or zipf >= COMMON or (alike and not typed and len(word) >= VERY_LONG)):
                found.append((distance, -self._zipf(written) - ALIKE * alike, written, stem))
        for distance, _, written, stem in sorted(found):
            others = sorted(set(beside) - {stem})
            plain = not typed or is_plain_slip(word, written, self._language)
            sure = not stem or (len(word) >= (SURE if distance == 1 else VERY_LONG) and plain)
            if self._named_alike(at, written) and (sure or self._beside(stem, others)):
                return written
        return ""

    def _forms(self, at: int, near: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the stems and their words: as the corpus writes them, and with the typed ending."""
        word = self._word(at).casefold()
        ending = word[len(os.path.commonprefix([word, self._terms[at].stem])) :]
        for stem in near:
            words = self._written(stem)
            yield from ((stem, each) for each in words)
            if stem + ending not in words and self._zipf(stem + ending) >= COMMON and self._stem(stem + ending) == stem:
                yield stem, stem + ending

    def _named_alike(self, at: int, written: str) -> bool:
        """Whether a typed word is no name, or a long one that the corpus writes with a capital too."""
        word = self._word(at)
        return word.islower() or self._capitals or at == 0 or (written[0].isupper() and len(word) >= SURE)

    def _sound_alike(self, at: int, near: Sequence[str]) -> str:
        """Return a word that sounds like a real one and stands beside its neighbour in the corpus ("hip pane")."""
        word = self._word(at)
        for stem in near:
            for written in self._written(stem):
                if _heard(written) == _heard(word) and self._named_alike(at, written):
                    before, after = self._terms[max(0, at - 1) : at], self._terms[at + 1 : at + 2]
                    pairs = [(t.stem, stem) for t in before if not t.stop] + [
                        (stem, t.stem) for t in after if not t.stop
                    ]
                    if any(self._side_by_side(*pair) for pair in pairs):
                        return written
        return ""

    def _beside(self, stem: str, others: Sequence[str]) -> bool:
        return bool(others and self._snapshot.texts_with([[stem], others], 1))

    def _side_by_side(self, one: str, other: str) -> bool:
        return bool(self._snapshot.texts_with([[f"{one} {other}"]], 1))

    def _written(self, stem: str) -> frozenset[str]:
        """Return how the corpus writes a stem, as its first passages show; small letters where it uses both."""
        remembered = self._vocabulary.written
        if stem not in remembered:
            regular = re.escape(stem[: max(2, len(stem) - 1)]) + r"\w*"
            forms = (form for form, own in _STEMS.items() if own == stem)
            words = re.compile(rf"\b(?:{'|'.join((regular, *forms))})\b", re.IGNORECASE)
            texts = self._snapshot.texts_with([[stem]], READ)
            found = {word for text in texts for word in words.findall(text) if self._stem(word) == stem}
            remembered[stem] = frozenset(each for each in found if each.islower() or each.casefold() not in found)
        return remembered[stem]

    def _zipf(self, word: str) -> float:
        return zipf(word, self._language)


def _allowed(word: str) -> int:
    """Return in how many letters a word may differ from the one that was meant."""
    return 3 if len(word) >= VERY_LONG else 2 if len(word) >= LONG else 1


def _both(stem: str) -> str:
    """Return what stands for the British and the American spelling of a stem."""
    for pattern, both in _SPELLINGS:
        stem = pattern.sub(both, stem)
    return stem


def _heard(word: str) -> str:
    """Return what is heard of a word: its first letter, its consonants, and that there are vowels between them."""
    heard = word.casefold()
    for pattern, sound in _SOUNDS:
        heard = pattern.sub(sound, heard)
    return heard


def _opposed(one: str, other: str) -> bool:
    """Whether two words begin with parts that say the opposite of each other, which no slip may decide."""
    for parts in _OPPOSED:
        begun = [next((part for part in parts if word.casefold().startswith(part)), "") for word in (one, other)]
        if all(begun) and begun[0] != begun[1]:
            return True
    return False


def _cased(text: str, typed: str) -> str:
    """Return a word with the capitals of the typed one."""
    text = text.casefold()
    return text.upper() if typed.isupper() else text.capitalize() if typed[0].isupper() else text
