"""Misspelt words become words of the corpus; words that exist, names and codes stay as typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from assistant.answering.spelling import Mended, Speller
from assistant.schema import Correction
from ingest.index.catalog import Catalog, Snapshot
from ingest.runs.pipeline import RunReport

FILES = {
    "sciatica.md": """# Sciatica

The symptoms of sciatica are pain in the buttock and the lower back.

Spinal fusion is rarely done for sciatica.
""",
    "hip.md": """# Hip bursitis

Exercises against hip pain strengthen the hip. Strengthening helps with bursitis. Most people have five lumbar
vertebrae.

The Achilles tendon is not part of the hip. Low back pain is another thing. The heart, less so. Stretch it.
""",
    "cloud.md": """# Cloud providers

The cloud provider stores data. An email names the program.

Patterns of data repeat. Paternity leave takes a week. A disc is a medium. The order of files is their precedence.
""",
    "drugs.md": """# Hypertension

Hypertension and hyperkalemia have symptoms. Prednisolone and a batter have side effects. Valium has side effects.
An asymptomatic hip has none.
An edema or a tumor has symptoms. The colour is grey. They barter for pain.
Amitriptyline calms a nerve.
""",
}


@pytest.mark.parametrize(
    ("typed", "mended"),
    [
        ("siatica symtoms", "sciatica symptoms"),
        ("wich cloud provder", "which cloud provider"),
        ("excercises for hip pane", "exercises for hip pain"),
        ("What is Siatica?", "What is Sciatica?"),
        ("SIATICA SYMTOMS", "SCIATICA SYMPTOMS"),
        ("spinel fusion", "spinal fusion"),
        ("stregthening the hip", "strengthening the hip"),
        ("hip bursitus", "hip bursitis"),
        ("the Achiles tendon", "the Achilles tendon"),
        ("lowback pain", "low back pain"),
        ("symtoms every Monday", "symptoms every Monday"),  # in a list of words, but very rare; nothing beside it
        ("how long befor amytriptilin", "how long before amitriptyline"),  # a long word with the same sound
        ("the e-mail", "the email"),
        ("oedema", "edema"),
        ("the symptoms of a tumour", "the symptoms of a tumor"),
        ("which color", "which colour"),
        ("gray", "grey"),
        ("a disk", "a disc"),
        ("cloud programme", "cloud program"),
        ("file precedance", "file precedence"),  # its stem is right
        ("precedances", "precedence"),
        ("patternity leave", "paternity leave"),  # its stem is that of another word
        ("strech the hip", "stretch the hip"),
        ("poeple with hip pain", "people with hip pain"),  # an irregular form
        ("the lumbar vertabrae", "the lumbar vertebrae"),
    ],
)
def test_what_the_corpus_spells_otherwise_is_mended(typed: str, mended: str, snapshot: Snapshot) -> None:
    assert Speller().mend(typed, snapshot).text == mended


REAL = """
    bartter ibuprofen naproxen paracetamol prednisone losartan valsartan hypokalemia hypotension hypocalcemia gaucher
    fabry menkes krabbe crohn addison graves hashimoto marfan noonan turner klinefelter wilson paget huntington
    parkinson tourette gilbert cushing tietze hydralazine clonidine metformin methotrexate tramadol gabapentin baclofen
    celecoxib diclofenac fluoxetine squeeze slipped window spanning lumbago valgum coxa barber pilates kubernetes
    lability micelle
"""


@pytest.mark.parametrize("word", REAL.split())
def test_a_word_that_exists_is_not_bent_to_one_of_the_corpus(word: str, snapshot: Snapshot) -> None:
    for question in (f"what is {word}", f"does {word} help with pain?", f"side effects of {word.capitalize()}"):
        assert Speller().mend(question, snapshot) == Mended(question)


@pytest.mark.parametrize(
    "question",
    [
        "What are the symptoms of sciatica?",
        "lower-back pain",
        "the Barten symptoms",
        "TNES for pain",
        "pain in 2019 and at L5S1",
        "hpi pain",
        "heartless pain",
        "a symptomatic hip",  # not "asymptomatic"
        "Is hake good for the hip?",  # not "have"
        "pin_code symptom_list",
        "Was hilft gegen Schmerzen im unteren Rücken, wenn Sitzen wehtut?",
        "背中が痛い",
        "?",
        "",
    ],
)
def test_names_codes_short_words_and_other_languages_stay_as_typed(question: str, snapshot: Snapshot) -> None:
    assert Speller().mend(question, snapshot) == Mended(question)


def test_each_correction_names_what_was_typed(snapshot: Snapshot) -> None:
    assert Speller().mend("siatica and lowback symtoms", snapshot).corrections == (
        Correction("siatica", "sciatica"),
        Correction("lowback", "low back"),
        Correction("symtoms", "symptoms"),
    )


def test_a_language_without_rules_is_left_alone(snapshot: Snapshot) -> None:
    assert Speller().mend("siatica", snapshot, "ru") == Mended("siatica")


def test_a_later_run_brings_its_words(indexed: Callable[..., RunReport], tmp_path: Path) -> None:
    speller = Speller()
    for files, mended in (({"a.md": "Cats sleep."}, "tendinitus"), ({"a.md": "Tendinitis hurts."}, "tendinitis")):
        indexed(files)
        with Catalog(tmp_path / "data").read() as snapshot:
            assert speller.mend("tendinitus", snapshot).text == mended


def test_a_word_with_the_stem_of_another_is_as_its_own_text_says(made: Callable[[dict[str, str]], Path]) -> None:
    texts = {f"{n}.md": f"Keep a backup of disk {n}." for n in range(9)}
    with Catalog(made(texts)).read() as snapshot:
        assert Speller().mend("configure backuper", snapshot).text == "configure backup"
    with Catalog(made({**texts, "z.md": "The Backuper copies disks."})).read() as snapshot:
        assert Speller().mend("configure backuper", snapshot).text == "configure backuper"


def test_the_vocabulary_is_read_only_for_a_word_that_no_text_contains(snapshot: Snapshot) -> None:
    read: list[str] = []
    sa.event.listen(snapshot._connection.engine, "before_cursor_execute", lambda *call: read.append(call[2]))
    everything = "SELECT term, doc FROM main.vocabulary"
    assert Speller().mend("What are the symptoms of sciatica?", snapshot).corrections == ()
    assert Speller().mend("What is precedance?", snapshot).corrections
    assert read and everything not in read
    assert Speller().mend("siatica", snapshot).corrections
    assert everything in read
