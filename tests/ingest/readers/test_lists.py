"""Lists of every format are written with their marks, numbers and depth, as in Markdown; answers quote them whole."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from docx import Document as new_docx
from pptx import Presentation

from ingest.schema import Document
from ingest.text.sentences import document_sentences

ReadAs = Callable[[str, str | bytes], Document]

PAGE = (
    "<main><p>Bring these things with you, please:</p><ul><li>Photo ID</li><li>Papers<ol><li><p>one</p><p>More.</p>"
    "</li><li>two</li></ol></li></ul></main>"
)
MARKDOWN = "Bring:\n\n- Photo ID\n- Papers\n  1. one\n\n     More.\n  2. two\n"
LATEX = (
    "\\documentclass{article}\\begin{document}Bring:\\begin{itemize}\\item Photo ID\\item Papers\\begin{enumerate}"
    "\\item one\n\nMore.\\item two\\end{enumerate}\\end{itemize}\\begin{description}\\item[TENS] a current"
    "\\end{description}\\end{document}"
)
NESTED = ["- Photo ID", "- Papers", "  1. one", "    More.", "  2. two"]


def packed(**members: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        for name, text in members.items():
            package.writestr(name.replace("__", "."), text)
    return written.getvalue()


def slide() -> bytes:
    show, written = Presentation(), io.BytesIO()
    frame = show.slides.add_slide(show.slide_layouts[1]).placeholders[1].text_frame
    frame.text = "Photo ID"
    deep = frame.add_paragraph()
    deep.text, deep.level = "copies", 1
    show.save(written)
    return written.getvalue()


def word() -> bytes:
    document, written = new_docx(), io.BytesIO()
    for text, style in (("Photo ID", "List Bullet"), ("copies", "List Bullet 2"), ("one", "List Number")):
        document.add_paragraph(text, style=style)
    document.save(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("a.html", PAGE, NESTED),
        ("a.eml", f"Subject: x\nContent-Type: text/html\n\n{PAGE}", NESTED),
        ("a.zip", packed(a__html=PAGE), NESTED),
        ("b.zip", packed(a__md=MARKDOWN), NESTED),
        (
            "a.ipynb",
            json.dumps({"cells": [{"cell_type": "markdown", "source": MARKDOWN}], "nbformat": 4}),
            NESTED,
        ),
        (
            "a.rst",
            "Bring:\n\n- Photo ID\n- Papers\n\n  1. one\n\n     More.\n  2. two\n\n(c) third\n\nTENS\n   a current\n",
            [*NESTED, "(c) third", "TENS: a current"],
        ),
        ("a.tex", LATEX, [*NESTED, "TENS: a current"]),
        (
            "a.adoc",
            "Bring:\n\n* Photo ID\n* Papers\n.. one\n+\nMore.\n.. two\n\nThen:\n\n. first\n\nTENS:: a current\n",
            [*NESTED, "Then:", "1. first", "TENS: a current"],
        ),
        ("a.docx", word(), ["- Photo ID", "  - copies", "1. one"]),
        ("a.pptx", slide(), ["- Photo ID", "  - copies"]),
    ],
)
def test_items_have_their_marks(read_as: ReadAs, name: str, content: str | bytes, shown: list[str]) -> None:
    document = read_as(name, content)
    assert [line for line in document.text.split("\n\n") if line][-len(shown) :] == shown
    sentences = [document.text[start:end] for spans in document_sentences(document) for start, end in spans]
    assert "Photo ID" in sentences  # a mark is no part of a sentence


def test_lists_of_asciidoc_begin_anew_below_a_title_and_go_on_after_a_block(read_as: ReadAs) -> None:
    text = (
        ".Prerequisites\n* a\n\n.Procedure\n. one\n+\n--\nPart 1.\n\nPart 2.\n--\n. two\n\n.Check\n. again\n\n"
        "<1> first\n<2> second\n"
    )
    lines = [line.strip() for line in read_as("a.adoc", text).text.split("\n\n")]
    assert lines == [
        *("Prerequisites", "- a", "Procedure", "1. one", "Part 1.", "Part 2.", "2. two", "Check", "1. again"),
        *("1. first", "2. second"),
    ]
