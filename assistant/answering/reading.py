"""Says what the cross-encoder reads of a passage: its text with title and headings, tables and links as phrases."""

import re

from assistant.answering.lines import PARAGRAPH_END
from assistant.answering.rerank import Text
from ingest.schema import Passage, naming
from ingest.text.links import without_addresses
from ingest.text.tables import TABLE_RULE, has_named_cells

_CELL_END = re.compile(r"(?<!\\)\|")


def reading_text(passage: Passage, head: str = "") -> Text:
    """Return what the cross-encoder reads of a passage, and the spans of its sentences in it.

    `head` is that of the table in Markdown that the passage goes on with. A row is
    read as a phrase with the names of its columns, which tells the cross-encoder
    more than signs between cells: trial "rows-as-phrases".
    """
    text = "".join(f"{name}: " for name in naming(passage.title, passage.heading))
    columns, spans, at = _cells(head), [], 0
    sentences = [(start - passage.start, end - passage.start) for start, end in passage.sentences]
    for (start, end), (following, _) in zip(sentences, (*sentences[1:], (len(passage.text), 0)), strict=True):
        gap, sentence = passage.text[at:start], passage.text[start:end]
        if PARAGRAPH_END.search(gap):
            columns = []
        if TABLE_RULE.search(passage.text[end:following]):
            columns = _cells(sentence)
        elif columns and TABLE_RULE.search(gap):
            gap = "\n"
        text += gap
        read = without_addresses(_phrase(sentence, columns))
        spans.append((len(text), len(text) + len(read)))
        text, at = text + read, end
    return text + passage.text[at:], spans


def _cells(row: str) -> list[str]:
    """Return the cells of a row in Markdown; none of an empty one."""
    return [cell.strip() for cell in _CELL_END.split(row.strip().strip("|"))] if row.strip() else []


def _phrase(sentence: str, columns: list[str]) -> str:
    """Return a row as a phrase, such as "Group Children: Dose 10 mg, Days 5."; any other sentence as it is."""
    if "\n" in sentence:
        return sentence
    if not columns or "|" not in sentence:
        return sentence.replace(" | ", ", ") + "." if has_named_cells(sentence) else sentence
    cells = _cells(sentence)
    if not any(cells):
        return ""
    if cells == columns:
        return ", ".join(filter(None, columns))
    if len(cells) != len(columns):
        return ", ".join(filter(None, cells))
    first, *others = (f"{name} {cell}".strip() for name, cell in zip(columns, cells, strict=True) if cell)
    return f"{first}: {', '.join(others)}." if others else f"{first}."
