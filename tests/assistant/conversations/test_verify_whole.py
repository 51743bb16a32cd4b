"""A quote stands only as whole sentences, and below its own headings."""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answering.rerank import BUNDLED, open_reranker
from assistant.assistant import Assistant
from assistant.conversations.verify import verify
from assistant.evaluation.prompts import load_prompts
from assistant.index import Index
from assistant.schema import Evidence, LocatedText, Quote, Standing, Status
from ingest.index.catalog import Catalog
from ingest.models.encoder import OnnxEncoder
from ingest.origin import FileState
from ingest.readers.registry import read
from ingest.runs.pipeline import RunReport
from ingest.schema import Passage
from ingest.text.chunk import split
from tests.conftest import FakeEncoder, reading_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
Indexed = Callable[..., RunReport]
KNEE = "# Knee\n\n## What helps the knee\n\n{}Swimming.\n\n## What harms the knee\n\n{}Kneeling on concrete.\n"
RUB = "Rub it with ointment twice a day.\n\n"


def quote_of(old: str, quoted: str, root: Path, *heading: str, source: str = "f.md") -> Quote:
    """Return a quote, a passage by itself."""
    at = old.index(quoted)
    passage = Passage("p", str(root), source, at, at + len(quoted), quoted, None, heading, (), "", "T")
    return Quote(Evidence(passage, at, at + len(quoted), 1.0), None, 1, None, FileState.SAME)


def standing(quote: Quote, tmp_path: Path) -> Standing:
    with closing(Catalog(tmp_path / "data")) as catalog, catalog.read() as snapshot:
        (found,) = verify([quote], snapshot)
    return found


def placed(found: Standing) -> LocatedText:
    assert isinstance(found.found, LocatedText)
    return found.found


@pytest.mark.parametrize(
    ("old", "new", "quoted"),
    [
        ("- 5 mg of Lumidrox a day for adults\n", "- 25 mg of Lumidrox a day for adults\n", "5 mg of Lumidrox a day"),
        ("- rest in bed\n", "- do not rest in bed\n", "rest in bed"),
        ("- able to walk\n", "- unable to walk\n", "able to walk"),
        ("It is safe.\n", "It is not true that It is safe.\n", "It is safe."),
        ("The dose is 5 mg", "The dose is 5 mg per kilogram, never more.", "The dose is 5 mg"),
        ("Walk a lot. Rest well.\n", "Walk a lot. Rest well. This is wrong.\n", "Walk a lot. Rest well"),
        ("Walk daily.\n", "# Walk daily.\n\nNot said.\n", "Walk daily."),
    ],
)
def test_words_of_another_sentence_are_no_quote(
    indexed: Indexed, tmp_path: Path, old: str, new: str, quoted: str
) -> None:
    quote = quote_of(old, old[old.index(quoted) :].strip() if old.startswith("-") else quoted, tmp_path / "corpus")
    indexed({"f.md": new})
    assert standing(quote, tmp_path).status is Status.CHANGED


def test_words_inside_a_word_of_another_file_are_no_quote(indexed: Indexed, tmp_path: Path) -> None:
    indexed({"z.md": "He said yesterday.\n"})
    assert standing(quote_of("- a b\n- yes\n", "yes", tmp_path / "corpus"), tmp_path).status is Status.GONE


def test_a_whole_sentence_farther_off_is_the_quote(indexed: Indexed, tmp_path: Path) -> None:
    indexed({"f.md": "Nobody says: It works. Not yet. It works.\n"})
    found = standing(quote_of("# T\n\nIt works.\n", "It works.", tmp_path / "corpus"), tmp_path)
    assert (found.status, placed(found).start) == (Status.MOVED, 32)


@pytest.mark.parametrize("above", ["", "Fresh.\n\n"])
@pytest.mark.parametrize("quoted", ["First item", "| a | 5 mg |", "One. Two is here.", "Two is here. Three."])
def test_items_rows_and_several_sentences_stand(indexed: Indexed, tmp_path: Path, quoted: str, above: str) -> None:
    text = "- First item\n- Second item\n\n| x | y |\n|---|---|\n| a | 5 mg |\n\nOne. Two is here. Three.\n"
    indexed({"f.md": above + text})
    found = standing(quote_of(text, quoted, tmp_path / "corpus"), tmp_path)
    assert found.status is (Status.MOVED if above else Status.SAME)


@pytest.mark.parametrize("kept", [True, False], ids=["its id", "another id"])
@pytest.mark.parametrize("above", ["", "Fresh.\n\n"])
def test_pieces_of_an_overlong_sentence_stand(
    indexed: Indexed, tmp_path: Path, encoder: FakeEncoder, above: str, kept: bool
) -> None:
    text = "# Long\n\nFirst. " + " ".join(f"considered{number}" for number in range(200)) + " end.\n"
    indexed({"f.md": text})
    pieces = list(split(reading_of(read(tmp_path / "corpus" / "f.md", "f.md")), str(tmp_path / "corpus"), encoder))
    assert len(pieces) > 3
    indexed({"f.md": above + text})
    for piece in pieces:
        passage = piece if kept else replace(piece, id="p")
        quote = Quote(Evidence(passage, *passage.sentences[-1], 1.0), None, 3, None, FileState.SAME)
        assert standing(quote, tmp_path).status is (Status.MOVED if above else Status.SAME)


def test_what_untouched_bytes_say_stands_wherever_sentences_are_cut_by_now(
    indexed: Indexed, tmp_path: Path, encoder: FakeEncoder
) -> None:
    indexed({"f.md": "It helps, says Dr. Moore.\n"})
    (passage,) = split(reading_of(read(tmp_path / "corpus" / "f.md", "f.md")), str(tmp_path / "corpus"), encoder)
    quote = Quote(Evidence(passage, 0, 18, 1.0), None, 1, None, FileState.SAME)  # an earlier version cut at "Dr."
    assert standing(quote, tmp_path).status is Status.SAME
    indexed({"f.md": "It helps, says Dr. Moore. And more.\n"})
    assert standing(quote, tmp_path).status is Status.CHANGED


def test_a_line_below_another_heading_has_moved_there(indexed: Indexed, tmp_path: Path) -> None:
    quote = quote_of(KNEE.format(RUB, ""), RUB.strip(), tmp_path / "corpus", "Knee", "What helps the knee")
    indexed({"f.md": KNEE.format(RUB, "")})
    assert standing(quote, tmp_path).status is Status.SAME
    indexed({"f.md": KNEE.format("", RUB)})
    found = standing(quote, tmp_path)
    assert (found.status, placed(found).heading) == (Status.MOVED, ("Knee", "What harms the knee"))


def test_a_heading_that_was_renamed_in_place_has_moved_it(indexed: Indexed, tmp_path: Path) -> None:
    quote = quote_of(KNEE.format(RUB, ""), RUB.strip(), tmp_path / "corpus", "Knee", "What helps the knee")
    indexed({"f.md": KNEE.format(RUB, "").replace("helps", "hurts")})
    found = standing(quote, tmp_path)
    assert (found.status, placed(found).start) == (Status.MOVED, quote.evidence.start)
    assert placed(found).heading == ("Knee", "What hurts the knee")


def test_of_two_places_that_below_the_same_heading_is_told(indexed: Indexed, tmp_path: Path) -> None:
    quote = quote_of(KNEE.format(RUB, ""), RUB.strip(), tmp_path / "corpus", "Knee", "What helps the knee")
    swapped = "# Knee\n\n## What harms the knee\n\n{0}Kneeling.\n\n## What helps the knee\n\nSwimming.\n\n{0}"
    indexed({"f.md": swapped.format(RUB)})
    assert placed(standing(quote, tmp_path)).heading == ("Knee", "What helps the knee")


def test_a_folder_that_moved_offers_the_nearest_of_the_only_file_of_that_name(indexed: Indexed, tmp_path: Path) -> None:
    quote = quote_of("Take 5 mg of it a day.\n", "Take 5 mg of it a day.", tmp_path / "nowhere")
    indexed({"f.md": "Take 6 mg of it a day.\n"})
    found = standing(quote, tmp_path)
    assert (found.status, placed(found).text) == (Status.CHANGED, "Take 6 mg of it a day.")
    assert placed(found).root == str(tmp_path / "corpus")
    indexed({"f.md": "Something else is told here.\n"})
    assert standing(quote, tmp_path).status is Status.GONE
    indexed({"f.md": "Take 6 mg of it a day.\n"})
    indexed({"f.md": "Take 7 mg of it a day.\n"}, folder="second")
    assert standing(quote, tmp_path) == Standing(Status.GONE, None, False, FileState.SAME)


@pytest.mark.model
def test_every_quote_of_the_shipped_prompts_stands(shipped: Path, tmp_path: Path, exported: OnnxEncoder) -> None:
    assistant = Assistant(
        Index(shutil.copytree(shipped, tmp_path / "data"), exported), open_reranker(BUNDLED, tmp_path)
    )
    prompts = load_prompts(ROOT / "tests" / "prompts" / "corpus.jsonl", assistant.sources())[::6]
    answers = [assistant.ask(prompt.question) for prompt in prompts]
    quotes = [quote for answer in answers for quote in answer.quotes]
    assert len(quotes) > 10
    unknown = [
        replace(quote, evidence=replace(quote.evidence, passage=replace(quote.evidence.passage, id="p")))
        for quote in quotes
    ]
    assert {found.status for found in assistant.verify([*quotes, *unknown])} == {Status.SAME}
    assistant.close()
