"""Passages about a sibling of what a question names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering.retrieve import encode_question, retrieve
from assistant.answering.siblings import siblings
from assistant.index import Index
from tests.conftest import FakeEncoder

TEXTS = {
    "hip.md": "---\ntitle: Total hip replacement guide\n---\nSleep with a pillow between the knees.\n",
    "knee.md": "---\ntitle: Total knee replacement guide\n---\nBend the knee each hour.\n",
    "both.md": "---\ntitle: Total joint replacement guide\n---\nAfter a hip or knee replacement, sleep on your back.\n",
    "each.md": "---\ntitle: Knee and total hip replacement guide\n---\nUse crutches.\n",
    "pain.md": "---\ntitle: Lower back pain\n---\n# Treating it\n\nRest.\n\n# Treating lower back pain\n\nWalk.\n",
    "leave.md": "# Leave\n\n## Annual leave\n\nYou have 25 days.\n\n## Sick leave\n\nYou have 10 days.\n",
}


@pytest.mark.parametrize(
    ("question", "others"),
    [
        ("Do I sleep with a pillow after a knee replacement?", ["Sleep with a pillow between the knees."]),
        ("How do I sleep after a replacement of the knee?", []),
        ("How do I sleep after a shoulder replacement?", []),  # no title has it
        ("Is a knee replacement like a hip replacement?", []),
        ("how many days of annual leave", ["You have 10 days."]),
        ("how many days of leave", []),
        ("what helps treating lower back pain", []),
    ],
)
def test_what_stands_under_the_name_of_a_sibling_is_not_about_what_is_asked(
    made: Callable[[dict[str, str]], Path], encoder: FakeEncoder, question: str, others: list[str]
) -> None:
    index = Index(made(TEXTS), encoder)
    with index.view() as view:
        asked = encode_question(question, view)
        found = retrieve(asked, view)
        about = siblings(asked, found)
    index.close()
    texts = [each.passage.text for each, sibling in zip(found, about, strict=True) if sibling]
    assert [text for text in texts if any(other in text for other in others)] == texts
    assert len(texts) == len(others)
