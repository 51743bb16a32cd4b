"""Questions about the corpus itself list its titles and headings, in their places."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering.overview import MOST_HEADINGS, MOST_SOURCES, overview
from ingest.index.catalog import Catalog, Snapshot
from ingest.runs.pipeline import RunReport

LONG = "# Long\n\n" + "".join(f"## Part {part}\n\nSome text.\n\n" for part in range(MOST_HEADINGS + 3))
STRETCHES = "**Stretches** for the hip"
FILES = {
    "hip.md": "# The hip\n\n## Bursitis\n\nIt hurts.\n\n## " + STRETCHES + "\n\nStretch it.\n",
    "knee.md": "# The knee\n\n## Stretches\n\nStretch the knee and the ankle.\n",
    "long.md": LONG,
}


@pytest.mark.parametrize(
    "question",
    [
        "What is in here?",
        "what's in here",
        "What is in these texts?",
        "which topics do you cover",
        "Which topics are covered?",
        "what documents do you have",
        "What do these texts cover?",
        "what are the texts about?",
        "list the documents",
        "Show me all texts, please",
        "What can I ask?",
        "What can I ask you about?",
        "table of contents",
    ],
)
def test_a_question_about_everything_lists_every_source(question: str, snapshot: Snapshot) -> None:
    remark = overview(question, snapshot)
    assert remark is not None
    assert remark.text == "3 texts."
    assert [outline.source for outline in remark.outlines] == ["hip.md", "knee.md", "long.md"]


@pytest.mark.parametrize(
    ("question", "listed"),
    [
        ("what texts do you have on stretches?", {"hip.md": [STRETCHES], "knee.md": ["Stretches"]}),
        ("Do you have anything on bursitis?", {"hip.md": ["Bursitis"]}),
        ("are there any articles about the knee", {"knee.md": ["Stretches"]}),
        ("which chapters are there about hip stretches?", {"hip.md": [STRETCHES]}),
    ],
)
def test_with_a_topic_the_sources_whose_title_or_headings_name_it(
    question: str, listed: dict[str, list[str]], snapshot: Snapshot
) -> None:
    remark = overview(question, snapshot)
    assert remark is not None
    found = {outline.source: [heading.text for heading in outline.headings] for outline in remark.outlines}
    assert found == listed


@pytest.mark.parametrize(
    "question",
    [
        "what is in the spine?",
        "what is in it?",
        "What is it?",
        "What does this cover?",
        "what texts do you have on diabetes?",
        "do you have anything on that?",
        "are there any files for the hip?",
        "which areas are affected by bursitis?",
        "what topics should I discuss with a doctor?",
        "do you have any stretches for the hip?",
        "show me stretches for the hip",
        "What is in here for my hip that hurts?",
        "?",
        "",
    ],
)
def test_other_questions_are_searched_for(question: str, snapshot: Snapshot) -> None:
    assert overview(question, snapshot) is None


def test_titles_and_headings_are_word_for_word_in_their_place(snapshot: Snapshot) -> None:
    remark = overview("What is in here?", snapshot)
    assert remark is not None
    for outline in remark.outlines:
        document = snapshot.document(outline.root, outline.source)
        assert document is not None
        assert outline.title == document.title
        for heading in outline.headings:
            assert document.text[heading.start : heading.end] == heading.text
            assert heading.line == document.line(heading.start)


def test_long_lists_are_cut_and_say_so(indexed: Callable[..., RunReport], tmp_path: Path) -> None:
    indexed(
        {f"{number}.md": f"# Text {number}\n\nSome words.\n" for number in range(MOST_SOURCES + 2)} | {"0.md": LONG}
    )
    with Catalog(tmp_path / "data").read() as snapshot:
        remark = overview("What is in here?", snapshot)
    assert remark is not None
    assert remark.text == f"{MOST_SOURCES + 2} texts; the first {MOST_SOURCES} are listed."
    assert len(remark.outlines) == MOST_SOURCES
    assert (len(remark.outlines[0].headings), remark.outlines[0].left_out) == (MOST_HEADINGS, 3)
