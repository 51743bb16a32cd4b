"""Turns scored sentences into verified quotes with their places, or into an abstention."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.answering import lines
from assistant.answering.agreement import says_the_same
from assistant.answering.context import introduction
from assistant.answering.evidence import QUOTABLE, Sentence
from assistant.answering.languages import hint
from assistant.answering.lists import introduces, is_part_of_list, items_around
from assistant.answering.retrieve import Question
from assistant.index import View
from assistant.schema import Abstention, Evidence, Quote, State, texts_searched
from ingest.errors import QuoteMismatch
from ingest.index.catalog import Snapshot
from ingest.origin import FileState, check_file
from ingest.schema import Document, Passage, Place, Selection
from ingest.text.links import is_mostly_links
from ingest.text.sentences import starts_field, starts_item

# Most sentences in an answer, not counting their context; how much below the best one a quoted sentence may score; and
# words of an answer beyond which no further sentence is added. Of the best one's own paragraph, more is quoted: see the
# trials sentences-in-an-answer and more-of-the-same-paragraph.
QUOTED, MARGIN, WORDS = 6, 4.5, 120
QUOTED_BESIDE, MARGIN_BESIDE, WORDS_BESIDE = 9, QUOTABLE, 160
STEPS = QUOTABLE  # the same for a step, if the question asks for steps
WORDS_OF_STEPS = 260  # words of steps that are quoted whole, and beyond which no further list of them is added
_REPLIES = re.compile(r"[\W_]*(?:yes|no)\b[,.!;:]", re.IGNORECASE)
# An introduction whose items only hold together, or are steps; and an item that goes on with the next one.
_BINDING = re.compile(r"^\W*to\b|\b(?:all|both|each|every|only|if|unless|until)\b", re.IGNORECASE)
_JOINING = re.compile(r"^\W*(?:and|or|nor)\b|\b(?:and|or)\W*$", re.IGNORECASE)
AHEAD = 0.01  # of the score; a step that comes first is the best
CONSIDERED = 12  # best sentences to choose from
# Of 8 such fragments among the further quotes of seven sets none was right: captions, pictures, "[citation needed]".
FEWEST = 5  # words of a further quote that is no whole sentence
CLOSING = "\"'”’»)]*_ "  # what may follow the mark that ends a sentence
NEAREST = 3  # passages shown with an abstention
UNSURE = "One passage may answer this. Read it in context before you rely on it."


def with_steps_first(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences, with the best step first if it is in the best one's source and at most `STEPS` below it."""
    for sentence in sentences:
        near = sentence.candidate.passage.place == sentences[0].candidate.passage.place
        if near and sentence.is_step and sentence.score >= sentences[0].score - STEPS:
            return [
                replace(sentence, score=sentences[0].score + AHEAD),
                *(each for each in sentences if each is not sentence),
            ]
    return list(sentences)


def choose(sentences: Sequence[Sentence], *, steps: bool = False) -> list[Evidence]:
    """Choose the evidence to quote from sentences ranked best first; the best one is always included.

    Sentences within `MARGIN` of the best are taken with their context; in the
    same paragraph of prose those within `MARGIN_BESIDE`, unless a number, a
    time or a name is asked for. Adjacent ones of a paragraph are joined in
    reading order. If one source says the same thing twice, it is quoted once.
    Where `steps` are asked for, further ones of the section are quoted up to
    `WORDS_OF_STEPS`. A further item whose list makes the answer too long is
    quoted without the rest of that list. A "Yes" or "No" under another heading answers another
    question. If another source says it too, that one is quoted as well and does not count
    towards `QUOTED`. The quote with the best sentence comes first; others that
    are fragments by themselves, little but links, or introduce what is not
    quoted with them are left out.
    """
    taken: dict[tuple[str, str], list[Evidence]] = {}
    said: list[Evidence] = []
    words, quoted = 0, 0
    brief = bool(sentences[0].features.kind_offered or sentences[0].features.kind_lacking)
    heading = sentences[0].candidate.passage.heading
    for sentence in sentences[:CONSIDERED]:
        own = sentence.evidence()
        of_source = taken.setdefault(own.passage.place, [])
        beside = not brief and _is_beside(sentence, sentences[0])
        if sentence.score < sentences[0].score - (MARGIN_BESIDE if beside else MARGIN):
            continue
        if any(own.lies_in(each) for each in of_source):
            of_source.append(own)
            continue
        same = [other for other in said if says_the_same(other.text, own.text)]
        most = QUOTED_BESIDE if beside else QUOTED
        if any(other.passage.place == own.passage.place for other in same) or (quoted >= most and not same):
            continue
        supported = sentence.supported()
        if said and _REPLIES.match(own.text) and own.passage.heading != heading:
            continue
        if said and (_says_little(supported) or sentence.only_introduces or is_mostly_links(own.text)):
            continue
        is_copy = any(other.text == own.text for other in same)
        further = steps and sentence.is_step and own.passage.heading == heading
        most_words = WORDS_OF_STEPS if further else WORDS_BESIDE if beside else WORDS
        added = 0 if is_copy else _words(supported)
        if words and words + added > most_words:
            supported = sentence.supported(whole_list=False)
            added = _words(supported)
            if steps or words + added > most_words or not _stands_alone(sentence):
                continue
        quoted += not same
        said.append(own)
        words += added
        of_source += [*supported, own]
    joined = [evidence for found in taken.values() for evidence in _joined(found)]
    return sorted(joined, key=lambda evidence: -evidence.score)


def _words(pieces: Iterable[Evidence]) -> int:
    return sum(len(each.text.split()) for each in pieces)


def _is_beside(sentence: Sentence, best: Sentence) -> bool:
    """Return whether two sentences are in one paragraph of prose, with no list or table in it up to the later one."""
    passage = best.candidate.passage
    if sentence.candidate.passage.id != passage.id:
        return False
    first, last = sorted((passage.sentences[best.position], passage.sentences[sentence.position]))
    if lines.PARAGRAPH_END.search(passage.cut(first[0], last[1])):
        return False
    paragraph = lines.PARAGRAPH_END.split(passage.cut(passage.start, last[1]))[-1]
    return not any(starts_item(line) or line.lstrip().startswith("|") for line in paragraph.splitlines())


def _stands_alone(sentence: Sentence) -> bool:
    """Return whether a sentence is in an item that can be quoted without the rest of its list.

    No step, fragment or introduction can, and no item of a list that holds
    together ("if all of these are true", "…, and") or that a sentence below limits.
    """
    text, context = sentence.evidence().text, sentence.context
    items = items_around(context.passage, context.at) if context else None
    if context is None or items is None or sentence.is_step or introduces(text) or _is_fragment(text):
        return False
    passage = context.passage
    above = introduction(passage, items.start)
    binds = above is not None and _BINDING.search(lines.text(passage, above))
    joined = any(_JOINING.search(lines.text(passage, each)) for each in items)
    return not (binds or joined or context.positions[-1] >= items.stop)


def _says_little(supported: Sequence[Evidence]) -> bool:
    return len(supported) == 1 and _is_fragment(supported[0].text)


def _is_fragment(text: str) -> bool:
    """Return whether a text is too short to answer anything besides the best quote, and no whole sentence."""
    if starts_field(text):  # "Shortcut: 4"
        return False
    return len(text.split()) < FEWEST and not text.rstrip(CLOSING).endswith((".", "!", "?", "。"))


def _joined(found: Sequence[Evidence]) -> list[Evidence]:
    """Join overlapping evidence and evidence adjacent in a paragraph; all is from one source. Return reading order."""
    joined: list[Evidence] = []
    for evidence in sorted(found, key=lambda each: (each.start, each.end)):
        together = joined and _together(joined[-1], evidence)
        if together:
            joined[-1] = together
        else:
            joined.append(evidence)
    return joined


def _together(one: Evidence, other: Evidence) -> Evidence | None:
    """Join two pieces of evidence; None if there is text between them or no passage contains both."""
    start, end = one.start, max(one.end, other.end)
    around = [each.passage for each in (one, other) if each.passage.start <= start and end <= each.passage.end]
    if not around:
        return None
    passage = max(around, key=lambda each: each.end - each.start)
    if other.start > one.end:
        between = any(one.end <= at < other.start for at, _ in passage.sentences)
        if between or lines.PARAGRAPH_END.search(passage.cut(one.end, other.start)):
            return None
    return Evidence(passage, start, end, max(one.score, other.score), one.focus + other.focus)


def once(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """Return the quotes, each text once: what other sources say word for word is `also` of the first quote of it."""
    alike: dict[str, dict[Place, Quote]] = {}
    for quote in (each for outer in quotes for each in (outer, *outer.also)):
        alike.setdefault(" ".join(quote.text.split()), {}).setdefault(quote.evidence.passage.place, quote)
    return tuple(replace(first, also=tuple(others)) for first, *others in (each.values() for each in alike.values()))


class Quoter:
    """Turns evidence into quotes, and checks each against the catalog's text and the file on disk."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._documents: dict[tuple[str, str], tuple[Document, FileState]] = {}

    def quote(self, evidence: Evidence) -> Quote:
        """Return the evidence as a quote with its place.

        Raises:
            QuoteMismatch: the source has a different text at this place.
        """
        document, state = self._look(evidence.passage)
        if document.text[evidence.start : evidence.end] != evidence.text:
            raise _mismatch(evidence)
        parts = self._snapshot.overlapping(*evidence.passage.place, evidence.start, evidence.end)
        return Quote(
            evidence=replace(evidence, passage=self._snapshot.with_mark(self._snapshot.joined(parts))),
            url=document.url,
            line=document.line(evidence.start),
            page=document.page(evidence.start),
            file=state,
            part_of_list=is_part_of_list(evidence.passage, evidence.start, evidence.end),
        )

    def _look(self, passage: Passage) -> tuple[Document, FileState]:
        key = passage.place
        if key not in self._documents:
            document = self._snapshot.document(*key)
            if document is None:
                raise _mismatch(Evidence(passage, passage.start, passage.end, 0.0))
            state, text = check_file(passage.root, document)
            if text is not None and text != document.text:
                raise _mismatch(Evidence(passage, passage.start, passage.end, 0.0))
            self._documents[key] = document, state
        return self._documents[key]


def abstain(
    question: Question,
    sentences: Sequence[Sentence],
    quoter: Quoter,
    view: View,
    state: State,
) -> Abstention:
    """Return an abstention with the nearest passages, each with its best sentence marked.

    If the state is uncertain, the first is all that must be quoted with the best sentence.
    """
    languages = view.totals.languages
    uncertain = state is State.UNCERTAIN
    nearest: dict[str, Evidence] = {}
    for sentence in sentences:
        evidence = sentence.whole() if uncertain and not nearest else sentence.evidence()
        nearest.setdefault(sentence.candidate.passage.id, evidence)
    missing = question.missing if question.language in languages or not any(languages) else ()  # stems differ
    reasons = (
        UNSURE if uncertain else _reason(question, missing, view.snapshot.within),
        hint(question.language, languages),
    )
    return Abstention(
        reason=" ".join(filter(None, reasons)),
        missing_terms=missing,
        nearest=tuple(quoter.quote(evidence) for evidence in list(nearest.values())[:NEAREST]),
        documents=view.totals.documents,
        passages=view.totals.passages,
        uncertain=uncertain,
    )


def _reason(question: Question, missing: Sequence[str], within: Selection) -> str:
    if not question.text:
        return "The question is empty."
    if missing:
        *others, last = (f"“{word}”" for word in missing)
        words = f"{', '.join(others)} or {last}" if others else last
        return f"{texts_searched(within)} never mention {words}."
    return "No passage answers the question well enough."


def _mismatch(evidence: Evidence) -> QuoteMismatch:
    where = f"{evidence.passage.source}, characters {evidence.start}-{evidence.end}"
    return QuoteMismatch("the index does not match its own text", where, "run `cited ingest --rebuild`")
