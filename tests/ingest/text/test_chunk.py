from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.models.encoder import Encoder
from ingest.readers.markup import markdown
from ingest.readers.plain import text
from ingest.schema import Block, Document, Heading, Kind, Passage
from ingest.text.chunk import PASSAGE_TOKENS, SPECIAL_TOKENS, encoded_text, split
from tests.conftest import FakeEncoder, reading_of

LINE = st.sampled_from(
    ["# One", "## Two", "### Three", "Walk. Every day.", "- item one", "> quote", "", "", "| a | b |", "word " * 90]
    + [
        "<!-- " + "hidden " * 30 + "-->",
        "x" * 300,
        "漢字。" * 40,
        "🦴 bone",
        "---",
        "```",
        "Rest\xa0now.",
        "A sentence that ends. Another one!",
    ]
)
TEXTS = st.one_of(st.text(min_size=1, max_size=300), st.lists(LINE, min_size=1, max_size=30).map("\n".join))


def document(content: str, *, blocks: Sequence[Block] | None = None, title: str = "T") -> Document:
    spans = (Block(0, len(content)),) if blocks is None else tuple(blocks)
    return Document("a.txt", title, None, content, "0" * 64, blocks=spans)


def cut(doc: Document, root: str, encoder: Encoder) -> list[Passage]:
    return list(split(reading_of(doc), root, encoder))


def test_addresses_of_links_are_not_encoded_and_cut_no_sentence() -> None:
    sentence = "Ask [your doctor](https://example.org/" + "a-very-long-path/" * 30 + ") for [the form](b.md) today."
    doc = document(f"Rest. {sentence} Walk.")
    passages = cut(doc, "/root", FakeEncoder(window=40))
    assert sentence in [doc.text[start:end] for each in passages for start, end in each.sentences]
    assert encoded_text("Title", (), sentence) == "Title\nAsk your doctor for the form today."


def check(doc: Document, encoder: Encoder) -> None:
    passages = cut(doc, "/root", encoder)
    at = 0
    covered = bytearray(len(doc.text))
    for passage in passages:
        assert at <= passage.start < passage.end <= len(doc.text)
        assert doc.text[passage.start : passage.end] == passage.text
        assert passage.sentences[0][0] == passage.start
        assert passage.sentences[-1][1] == passage.end
        for start, end in passage.sentences:
            assert passage.cut(start, end) == doc.text[start:end]
            covered[start:end] = b"\1" * (end - start)
        assert encoder.count_tokens([passage.text])[0] <= encoder.identity.window - SPECIAL_TOKENS
        at = passage.end
    for block in doc.blocks:
        assert all(covered[i] or doc.text[i].isspace() for i in range(block.start, block.end))
    assert len({passage.id for passage in passages}) == len(passages)


@pytest.mark.slow
@given(content=TEXTS, window=st.sampled_from([24, 64, 256]))
@settings(max_examples=150, deadline=None)
def test_any_text_is_covered_by_passages_that_slice_back(
    fake: Callable[..., Encoder], content: str, window: int
) -> None:
    for reader in (text.read, markdown.read):
        try:
            doc = reader(content.encode("utf-8", "ignore"), "some/a-file.md")
        except Exception as error:  # noqa: BLE001 - readers may refuse a text
            assert type(error).__name__ == "SourceUnreadable"
            continue
        check(doc, fake(window=window))


@given(content=TEXTS)
@settings(max_examples=40, deadline=None)
@pytest.mark.model
def test_passages_fit_the_window_of_the_real_encoder(exported: Encoder, content: str) -> None:
    check(document(content, blocks=[Block(0, len(content))] if content.strip() else []), exported)


def test_no_text_gives_no_passages(encoder: Encoder) -> None:
    assert cut(document("", blocks=[]), "/", encoder) == []
    assert cut(document("  "), "/", encoder) == []


def test_sentences_are_packed_up_to_the_limit(fake: Callable[..., Encoder]) -> None:
    content = "One two three four. " * 30  # five tokens a sentence
    passages = cut(document(content), "/", fake(window=64))
    room = 64 - SPECIAL_TOKENS - 1  # the title is one token
    assert [len(p.sentences) for p in passages] == [room // 5, room // 5, 30 - 2 * (room // 5)]
    assert len(cut(document(content), "/", fake(window=10_000))) == 1
    assert len(cut(document("One two three four. " * 41), "/", fake(window=10_000))) == 2
    assert PASSAGE_TOKENS == 200


def test_a_passage_never_spans_a_heading(encoder: Encoder) -> None:
    doc = markdown.read(b"# Back\n\nRest.\n\n## Night\n\nSleep.\n\n# Hip\n\nWalk.\n", "a.md")
    passages = cut(doc, "/", encoder)
    assert [(p.text, p.heading) for p in passages] == [
        ("Rest.", ("Back",)),
        ("Sleep.", ("Back", "Night")),
        ("Walk.", ("Hip",)),
    ]


def test_markup_between_blocks_counts_towards_the_limit(encoder: Encoder) -> None:
    doc = markdown.read(b"Rest.\n\n<!-- " + b"not shown " * 60 + b"-->\n\nWalk.\n", "a.md")
    assert [p.text for p in cut(doc, "/", encoder)] == ["Rest.", "Walk."]


def test_skipped_heading_levels(encoder: Encoder) -> None:
    content = "AAA\nrest.\nBBB\nwalk.\nCCC\nsleep."
    headings = (Heading(1, "AAA", 0, 3), Heading(3, "BBB", 10, 13), Heading(2, "CCC", 20, 23))
    blocks = (Block(4, 9), Block(14, 19), Block(24, 30))
    doc = Document("a", "T", None, content, "0", headings=headings, blocks=blocks)
    assert [p.heading for p in cut(doc, "/", encoder)] == [("AAA",), ("AAA", "BBB"), ("AAA", "CCC")]


def test_texts_set_apart_by_blank_lines_stay_apart(encoder: Encoder) -> None:
    doc = text.read(b"Back pain passes.\nMost of it.\n\n\nHips are joints.\n\n\n\nWalk.", "a.txt")
    assert [p.text for p in cut(doc, "/", encoder)] == ["Back pain passes.\nMost of it.", "Hips are joints.", "Walk."]


def test_the_same_text_in_two_places_shares_a_vector_but_not_an_id(encoder: Encoder) -> None:
    first = cut(document("Rest.\n\nRest.", blocks=[Block(0, 5), Block(7, 12, apart=True)]), "/a", encoder)
    other = cut(document("Rest."), "/b", encoder)
    assert len({p.sha for p in (*first, *other)}) == 1
    assert len({p.id for p in (*first, *other)}) == 3


def test_title_heading_and_encoder_are_part_of_the_vector_id(fake: Callable[..., Encoder]) -> None:
    shas = {
        cut(document("Rest."), "/", fake())[0].sha,
        cut(document("Rest.", title="Other"), "/", fake())[0].sha,
        cut(document("Rest."), "/", fake(revision="2"))[0].sha,
        cut(markdown.read(b"# Title\n\nRest.", "a.md"), "/", fake())[0].sha,
    }
    assert len(shas) == 4


def test_a_title_without_words_is_not_encoded() -> None:
    assert encoded_text("2021 03 17", ("12",), "Rest.") == "Rest."
    assert encoded_text("Back pain", ("Back pain", "Night"), "Rest.") == "Back pain › Night\nRest."


def test_a_title_longer_than_the_window_leaves_room_for_text(fake: Callable[..., Encoder]) -> None:
    passages = cut(document("Rest now. " * 20, title="long " * 500), "/", fake(window=64))
    assert min(len(p.sentences) for p in passages[:-1]) > 5


def test_no_passage_ends_with_the_head_of_a_table(fake: Callable[..., Encoder]) -> None:
    table = "| Name | Dose |\n|---|---|\n| Tramadol in the morning | 5 |\n| Diclofenac | 7 |\n"
    for words in range(10, 60):
        doc = markdown.read(f"{'word ' * words}.\n\n{table}".encode(), "a.md")
        check(doc, fake(window=64))
        passages = cut(doc, "/", fake(window=64))
        assert not any(passage.text.endswith("| Name | Dose |") for passage in passages)
    long = markdown.read(f"Text.\n\n| {'Name ' * 40}| Dose |\n|---|---|\n| {'row ' * 40}| 5 |\n".encode(), "a.md")
    check(long, fake(window=64))


def test_an_overlong_row_is_split_between_its_cells(fake: Callable[..., Encoder]) -> None:
    cells = [f"Column {number}: " + "word " * (number % 7) + "end. More" for number in range(60)]
    row = " | ".join(cells)
    doc = document(row, blocks=[Block(0, len(row), kind="row")])
    check(doc, fake(window=64))
    parts = [passage.text.removesuffix(" |").split(" | ") for passage in cut(doc, "/", fake(window=64))]
    assert len(parts) > 5
    assert [cell for part in parts for cell in part] == cells


def test_overlong_code_is_split_between_its_lines(fake: Callable[..., Encoder]) -> None:
    lines = [f"call({number}, 'some words', x)" for number in range(60)]
    doc = document("\n".join(lines), blocks=[Block(0, len("\n".join(lines)), kind="code")])
    check(doc, fake(window=64))
    assert [line for passage in cut(doc, "/", fake(window=64)) for line in passage.text.split("\n")] == lines


@given(content=st.text(max_size=300), kind=st.sampled_from(["row", "code", "item"]))
@settings(max_examples=60, deadline=None)
def test_blocks_of_every_kind_are_covered(fake: Callable[..., Encoder], content: str, kind: Kind) -> None:
    text = content.strip()
    check(document(text, blocks=[Block(0, len(text), kind=kind)] if text else []), fake(window=24))


def test_the_headings_above_a_paragraph_are_counted_once_and_so_is_each_sentence() -> None:
    counted: list[str] = []

    class Counting(FakeEncoder):
        def count_tokens(self, texts: Sequence[str]) -> list[int]:
            counted.extend(texts)
            return super().count_tokens(texts)

    long = "He walks " + "far and " * 20 + "comes home."
    document = markdown.read(f"# One\n\n## Two\n\n{long}\n\nRest.\n\n{long}\n".encode(), "a.md")
    assert len(cut(document, "/root", Counting())) > 1
    assert sum("Two" in each for each in counted) == 1
    assert counted.count(long) == 2
