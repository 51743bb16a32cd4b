"""The JSON format in which conversations are saved, exported and verified."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from assistant.evaluation.record_files import json_page
from assistant.schema import (
    Abstention,
    Answer,
    Conversation,
    Correction,
    Evidence,
    LocatedText,
    Outline,
    Quote,
    Remark,
    Turn,
)
from ingest.errors import ConversationInvalid, Fault
from ingest.origin import FileState
from ingest.schema import EVERYTHING, Passage, Selection

MOST_FAULTS = 10
"""Faults reported for one file; a foreign file can have any number."""
LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file to read; a turn takes about 5,000."""

NOT_ONE = "not a conversation exported by this program"
REMEDY = "choose a file exported as JSON"


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes, hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _storable(text: str) -> str:
    """Return the text with lone surrogates, which UTF-8 cannot encode, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


Offset = Annotated[int, Field(ge=0)]
Number = Annotated[int, Field(ge=1)]


class _Record(BaseModel):
    """A part of the file; unknown fields, as of later versions, are ignored."""

    model_config = ConfigDict(frozen=True, strict=True)


class _Passage(_Record):
    id: str
    start: Offset
    end: Offset
    text: str
    page: Number | None
    heading: list[str]
    recognised: bool = False


class _Quote(_Record):
    root: str
    source: str
    title: str
    heading: str | None
    text: str
    sha256: str
    start: Offset
    end: Offset
    line: Number | None
    page: Number | None
    url: str | None
    file: FileState = Field(strict=False)
    score: FiniteFloat
    passage: _Passage
    also: list["_Quote"] = []
    part_of_list: bool = False
    focus: list[list[Offset]] = []

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check that text, hash, span and passage agree."""
        if text_sha256(self.text) != self.sha256:
            raise ValueError("the text does not match its sha256")
        passage = self.passage
        if passage.end - passage.start != len(passage.text):
            raise ValueError("the passage's span and text differ in length")
        if not passage.start <= self.start < self.end <= passage.end:
            raise ValueError("the quote lies outside its passage")
        if passage.text[self.start - passage.start : self.end - passage.start] != self.text:
            raise ValueError("the text differs from the passage at this span")
        if not all(len(span) == 2 and self.start <= span[0] < span[1] <= self.end for span in self.focus):
            raise ValueError("the marked sentences lie outside the quote")
        return self

    @classmethod
    def of(cls, quote: Quote) -> Self:
        evidence = quote.evidence
        passage = evidence.passage
        return cls(
            root=passage.root,
            source=quote.source,
            title=quote.title,
            heading=quote.heading,
            text=quote.text,
            sha256=text_sha256(quote.text),
            start=evidence.start,
            end=evidence.end,
            line=quote.line,
            page=quote.page,
            url=quote.url,
            file=quote.file,
            score=evidence.score,
            passage=_Passage(
                **{name: getattr(passage, name) for name in ("id", "start", "end", "text", "page", "recognised")},
                heading=list(passage.heading),
            ),
            also=[cls.of(other) for other in quote.also],
            part_of_list=quote.part_of_list,
            focus=[list(span) for span in evidence.focus],
        )

    def quote(self) -> Quote:
        stored = self.passage
        passage = Passage(
            id=stored.id,
            root=self.root,
            source=self.source,
            start=stored.start,
            end=stored.end,
            text=stored.text,
            page=stored.page,
            heading=tuple(stored.heading),
            sentences=(),
            sha="",
            title=self.title,
            recognised=stored.recognised,
        )
        evidence = Evidence(passage, self.start, self.end, self.score, tuple((start, end) for start, end in self.focus))
        also = tuple(each.quote() for each in self.also)
        return Quote(evidence, self.url, self.line, self.page, self.file, also, self.part_of_list)


class _Abstention(_Record):
    reason: str
    missing_terms: list[str]
    nearest: list[_Quote]
    documents: Offset
    passages: Offset
    uncertain: bool = False


class _Correction(_Record):
    typed: str
    text: str


class _Heading(_Record):
    text: str
    start: Offset
    end: Offset
    line: Number | None
    page: Number | None


class _Outline(_Record):
    root: str
    source: str
    title: str
    url: str | None
    headings: list[_Heading]
    left_out: Offset

    @classmethod
    def of(cls, outline: Outline) -> Self:
        names = tuple(_Heading.model_fields)
        headings = [_Heading(**{name: getattr(each, name) for name in names}) for each in outline.headings]
        root, source, title, url, left_out = outline.root, outline.source, outline.title, outline.url, outline.left_out
        return cls(root=root, source=source, title=title, url=url, headings=headings, left_out=left_out)

    def outline(self) -> Outline:
        headings = tuple(
            LocatedText(self.root, self.source, each.start, each.end, each.text, each.line, each.page)
            for each in self.headings
        )
        return Outline(self.root, self.source, self.title, self.url, headings, self.left_out)


class _Remark(_Record):
    text: str
    outlines: list[_Outline]

    @classmethod
    def of(cls, remark: Remark) -> Self:
        return cls(text=remark.text, outlines=[_Outline.of(outline) for outline in remark.outlines])

    def remark(self) -> Remark:
        return Remark(self.text, tuple(each.outline() for each in self.outlines))


class _Place(_Record):
    root: str
    path: str


class _Selection(_Record):
    places: list[_Place]
    kinds: list[str]
    after: date | None = Field(strict=False)
    before: date | None = Field(strict=False)

    @classmethod
    def of(cls, within: Selection) -> Self:
        places = [_Place(root=_storable(root), path=_storable(path)) for root, path in within.places]
        return cls(places=places, kinds=list(map(_storable, within.kinds)), after=within.after, before=within.before)

    def selection(self) -> Selection:
        places = tuple((place.root, place.path) for place in self.places)
        return Selection(places, tuple(self.kinds), self.after, self.before)


class _Answer(_Record):
    understood: str
    run: Offset
    gate_score: FiniteFloat
    quotes: list[_Quote]
    abstention: _Abstention | None
    ranked: list[str]
    corrections: list[_Correction] = []
    remark: _Remark | None = None
    open_parts: list[str] = []
    within: _Selection | None = None
    hint: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check that there are either quotes, or an abstention, or a remark."""
        if bool(self.quotes) + (self.abstention is not None) + (self.remark is not None) != 1:
            raise ValueError("an answer has quotes or an abstention or a remark, and only one of them")
        return self

    @classmethod
    def of(cls, answer: Answer) -> Self:
        abstention = answer.abstention
        return cls(
            understood=_storable(answer.question),
            run=answer.run,
            gate_score=answer.gate_score,
            quotes=[_Quote.of(quote) for quote in answer.quotes],
            abstention=None
            if abstention is None
            else _Abstention(
                reason=_storable(abstention.reason),
                missing_terms=[_storable(term) for term in abstention.missing_terms],
                nearest=[_Quote.of(quote) for quote in abstention.nearest],
                documents=abstention.documents,
                passages=abstention.passages,
                uncertain=abstention.uncertain,
            ),
            ranked=list(answer.ranked),
            corrections=[_Correction(typed=_storable(each.typed), text=each.text) for each in answer.corrections],
            remark=None if answer.remark is None else _Remark.of(answer.remark),
            open_parts=[_storable(part) for part in answer.open_parts],
            within=_Selection.of(answer.within) if answer.within else None,
            hint=answer.hint,
        )

    def answer(self) -> Answer:
        stored = self.abstention
        abstention = (
            None
            if stored is None
            else Abstention(
                reason=stored.reason,
                missing_terms=tuple(stored.missing_terms),
                nearest=tuple(each.quote() for each in stored.nearest),
                documents=stored.documents,
                passages=stored.passages,
                uncertain=stored.uncertain,
            )
        )
        return Answer(
            self.understood,
            tuple(each.quote() for each in self.quotes),
            abstention,
            tuple(self.ranked),
            self.gate_score,
            self.run,
            tuple(Correction(each.typed, each.text) for each in self.corrections),
            None if self.remark is None else self.remark.remark(),
            tuple(self.open_parts),
            EVERYTHING if self.within is None else self.within.selection(),
            self.hint,
        )


class _Turn(_Record):
    number: Number
    question: str
    asked: AwareDatetime | None = Field(strict=False)
    failure: str
    answer: _Answer | None

    @classmethod
    def of(cls, turn: Turn) -> Self:
        return cls(
            number=turn.number,
            question=_storable(turn.question),
            asked=turn.asked,
            failure=_storable(turn.failure),
            answer=None if turn.answer is None else _Answer.of(turn.answer),
        )

    def turn(self) -> Turn:
        answer = None if self.answer is None else self.answer.answer()
        return Turn(self.number, self.question, answer, self.failure, self.asked)


def _ascending(turns: list[_Turn]) -> list[_Turn]:
    numbers = [turn.number for turn in turns]
    if numbers != sorted(set(numbers)):
        raise ValueError("the turn numbers are not in ascending order")
    return turns


class _Conversation(_Record):
    format: Literal["cited-conversation"]
    version: Literal[1]
    id: str
    name: str
    begun: AwareDatetime = Field(strict=False)
    turns: Annotated[list[_Turn], AfterValidator(_ascending)]


def conversation_json(conversation: Conversation) -> str:
    """Return a conversation as readable JSON: every quote with its text, hash, span and place."""
    record = _Conversation(
        format="cited-conversation",
        version=1,
        id=conversation.id,
        name=_storable(conversation.name),
        begun=conversation.begun,
        turns=[_Turn.of(turn) for turn in conversation.turns if not turn.pending],
    )
    return json_page(record.model_dump(mode="json"))


def read_conversation(path: Path) -> Conversation:
    """Read a conversation that was saved or exported as JSON.

    Raises:
        ConversationInvalid: the file cannot be read, is not a conversation, or was edited; lists the faults.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ConversationInvalid(NOT_ONE, str(path), REMEDY, [Fault(None, "larger than 64 MiB")])
        return conversation_of(path.read_bytes(), str(path))
    except OSError as error:
        raise ConversationInvalid(f"cannot be read: {error.strerror}", str(path), REMEDY) from error


def conversation_of(content: bytes, where: str) -> Conversation:
    """Return the conversation in the content of a file; `where` names that in errors.

    Raises:
        ConversationInvalid: it is not a conversation, or was edited; lists the faults.
    """
    try:
        record = _Conversation.model_validate(json.loads(content))
    except ValidationError as error:
        raise ConversationInvalid(NOT_ONE, where, REMEDY, _faults(error)) from error
    except (ValueError, RecursionError) as error:
        raise ConversationInvalid(NOT_ONE, where, REMEDY, [Fault(None, f"not JSON: {error}")]) from error
    return Conversation(record.id, record.name, record.begun, tuple(each.turn() for each in record.turns))


def _faults(error: ValidationError) -> list[Fault]:
    """Describe the faults; for a file without the right format, report only that."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(each["loc"] == ("format",) for each in found):
        return [Fault(None, 'it does not say "format": "cited-conversation"')]
    faults = [f"{'.'.join(str(part) for part in each['loc']) or 'the file'}: {each['msg']}" for each in found]
    more = [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    return [Fault(None, what) for what in (*faults[:MOST_FAULTS], *more)]
