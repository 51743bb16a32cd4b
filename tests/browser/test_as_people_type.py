"""A mended question, small talk and a list of sources, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.answering.small_talk import THANKS
from assistant.schema import Answer, Correction, LocatedText, Outline, Remark
from ingest.schema import EVERYTHING, Selection
from ingest.settings import Settings
from tests.browser.conftest import ROOT, StandIn
from tests.conftest import GRADIO_WARNINGS

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [
    pytest.mark.browser,
    *GRADIO_WARNINGS,
]


class Mending(StandIn):
    """Mends one word, answers small talk, and lists two sources."""

    def ask(
        self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
    ) -> Answer:
        if question == "thanks!":
            return Answer(question, (), None, (), 0.0, 1, (), Remark(THANKS))
        if question == "What is in here?":
            outlines = tuple(self.outline(name) for name in ("back-pain.md", "guides/hip-at-night.md"))
            return Answer(question, (), None, (), 0.0, 1, (), Remark("2 texts.", outlines))
        mended = question if as_typed else question.replace("wlaking", "walking")
        answer = super().ask(mended, history)
        return replace(answer, corrections=(Correction("wlaking", "walking"),) if mended != question else ())

    def outline(self, source: str) -> Outline:
        entry = self.documents[source]
        headings = [(entry.text.index(each.title), each.title) for each in entry.headings if each.level > 1]
        located = [LocatedText(ROOT, source, at, at + len(text), text, entry.line(at), None) for at, text in headings]
        return Outline(ROOT, source, entry.title, entry.url, tuple(located), 0)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from ui.page.app import serve

    served = serve(Mending(), Settings(port=0, data_dir=tmp_path_factory.mktemp("typed")), block=False)
    yield served.url
    served.close()


def ask(page: Page, question: str, number: int) -> Locator:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    turn = page.locator(f"#turn-{number}:not([data-state=pending])")
    turn.wait_for()
    return turn


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_what_was_mended_said_and_listed_is_shown(
    open_page: Callable[[str, int, str], Page],
    address: str,
    screenshot: Callable[[Page, str], None],
    width: int,
    scheme: str,
) -> None:
    page = open_page(address, width, scheme)
    turn = ask(page, "Does wlaking help?", 1)
    assert turn.locator(".understood span").inner_text() == "Does walking help?"
    assert turn.locator(".typed").get_attribute("data-question") == "Does wlaking help?"
    screenshot(page, f"mended-{width}-{scheme}")
    turn.locator(".typed").click()
    page.locator("#turn-2[data-state=abstained]").wait_for()
    assert page.locator("#turn-2 .understood").count() == 0
    turn = ask(page, "thanks!", 3)
    assert turn.locator(".remark").inner_text() == THANKS
    assert turn.locator(".actions, .quotes, .abstention").count() == 0
    turn = ask(page, "What is in here?", 4)
    assert turn.locator(".outlines > li").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, f"overview-{width}-{scheme}")
    turn.get_by_role("button", name="When to see a doctor").click()
    heading = page.locator("#reader [data-asked]")
    heading.wait_for()
    assert heading.inner_text() == "When to see a doctor"
    screenshot(page, f"overview-opened-{width}-{scheme}")
