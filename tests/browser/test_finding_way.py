"""Finding one's way in a real browser: menus, the sheet of sources, the theme, long and further questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import IS_DARK, SCHEMES, SIZES, StandIn, shown
from tests.conftest import GRADIO_WARNINGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.browser,
    *GRADIO_WARNINGS,
]

OpenPage = Callable[[str, int, str], "Page"]
WALKING = "Does walking help with back pain?"
IBUPROFEN = "How much ibuprofen should I take?"
SMALL = """() => [...document.querySelectorAll("#head, #journeys > .tab-wrapper, #workbench, dialog[open]")]
    .flatMap(each => [...each.querySelectorAll("a, button, summary, input, textarea, label:has(input)")])
    .filter(each => each.checkVisibility({ visibilityProperty: true }) && !each.closest("label input"))
    .filter(each => !each.closest("#reader") && !(each.matches("input") && each.closest("label")))
    .map(each => [each.getBoundingClientRect(), each.outerHTML.slice(0, 120)])
    .filter(([box]) => box.width > 1 && (box.height < 43.5 || box.width < 43.5))
    .map(([box, html]) => `${box.width.toFixed()} x ${box.height.toFixed()} ${html}`)"""
INSIDE = """each => {
  const { left, right, top, bottom, width } = each.getBoundingClientRect();
  return width && left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
}"""


def ask(page: Page, question: str, state: str = "answered") -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.locator(f".turn[data-state={state}]").filter(has_text=question[:60]).last.wait_for()


def focused(page: Page, selector: str) -> None:
    """Wait until the element that a selector finds has the focus."""
    page.wait_for_function("selector => document.activeElement.matches(selector)", arg=selector)


@pytest.mark.parametrize("width", SIZES)
def test_an_answer_has_three_actions_and_a_menu(
    open_page: OpenPage,
    address: str,
    width: int,
    screenshot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:
    page = open_page(address, width, "light")
    both = [(width, scheme) for scheme in SCHEMES]
    ask(page, WALKING)
    actions = page.locator("#turn-1 .actions > :visible")
    named = [text.split("\n")[0] for text in actions.all_inner_texts()]
    assert named == ["Copy", *(["Sources"] if width < 960 else []), "Useful", "More"]
    page.click(".actions summary")
    held = page.locator(".actions details > div")
    page.wait_for_function(INSIDE, arg=held.element_handle())  # it is placed after it has opened
    assert held.locator("button:visible").all_inner_texts() == ["Copy as Markdown", "Save as question to check"]
    for look in shown(page, *both):
        screenshot(page, f"way-{look}-menu")
        accessible(page)
    page.mouse.click(5, 5)
    held.wait_for(state="hidden")

    page.focus(".actions summary")
    for key in ("Enter", "Tab", "Tab"):
        page.keyboard.press(key)
    focused(page, ".to-prompt")
    page.keyboard.press("Escape")
    focused(page, ".actions summary")
    assert not held.is_visible()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")  # out of the menu
    held.wait_for(state="hidden")
    page.focus(".actions summary")
    for key in ("Enter", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    focused(page, ".saving input")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    focused(page, ".actions summary")
    assert not page.is_visible(".saving")

    page.click(".rate[data-useful=false]")
    focused(page, ".why input")
    page.keyboard.type("Too general")
    page.keyboard.press("Enter")
    page.wait_for_selector(".rating [role=status] >> text=Your feedback is saved")
    page.keyboard.press("Escape")
    page.click(".actions summary")
    page.click(".say-why")
    focused(page, ".why input")
    assert page.input_value(".why input") == "Too general"
    for look in shown(page, *both):
        screenshot(page, f"way-{look}-why")


@pytest.mark.parametrize("width", [390, 768])
def test_sources_are_a_sheet_that_opens_at_the_cited_card(
    open_page: OpenPage,
    address: str,
    width: int,
    screenshot: Callable[[Page, str], None],
    accessible: Callable[[Page], None],
) -> None:
    page = open_page(address, width, "light")
    assert not page.is_visible(".legend")
    ask(page, WALKING)
    assert not page.is_visible("#sources-1")
    page.focus("#quote-1-3 a.cited")
    page.keyboard.press("Enter")
    focused(page, "#card-1-3")
    page.wait_for_function("document.querySelector('#card-1-3').getBoundingClientRect().top < innerHeight - 100")
    assert page.evaluate("document.querySelector('#sheet').matches(':modal')")
    assert page.evaluate("document.querySelector('#sheet .close').getBoundingClientRect().width >= 44")
    for look in shown(page, *((width, scheme) for scheme in SCHEMES)):
        screenshot(page, f"way-{look}-sheet")
        accessible(page)
    page.keyboard.press("/")
    focused(page, "#card-1-3")

    page.click("#card-1-3 .open")
    page.wait_for_selector("#reader mark")
    page.keyboard.press("Escape")
    focused(page, "#card-1-3 .open")
    page.keyboard.press("Escape")
    focused(page, "#quote-1-3 a.cited")
    page.click("#turn-1 .sourced")
    focused(page, "#sources-1")
    page.click("#sheet .close")
    focused(page, "#turn-1 .sourced")
    page.click("#quote-1-2 a.cited")
    page.click("#card-1-2 .back")
    focused(page, "#quote-1-2")
    assert not page.is_visible("#sheet")

    ask(page, IBUPROFEN, "abstained")
    page.click("#turn-2 .abstention a.cited")
    focused(page, "#sources-2")
    assert not page.is_visible("#sources-1")
    page.mouse.click(width / 2, 10)
    page.wait_for_selector("#sheet", state="hidden")


def test_a_screen_that_becomes_wide_has_its_sources_beside_the_conversation(open_page: OpenPage, address: str) -> None:
    page = open_page(address, 768, "light")
    ask(page, WALKING)
    page.click("#quote-1-1 a.cited")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_selector("#workbench > #evidence #card-1-1")
    assert page.locator("#sheet").count() == 0
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_selector("#card-1-1", state="hidden")
    ask(page, "When should I sleep with a pillow?")
    page.click("#turn-2 .sourced")
    assert "Hip pain at night" in page.inner_text("#sources-2")


def test_what_is_pressed_on_a_phone_has_44_pixels(open_page: OpenPage, address: str) -> None:
    page = open_page(address, 390, "light")
    assert page.evaluate(SMALL) == []
    for summary in ("#head .switch summary", "#head .theme summary", "#history .kept > summary"):
        page.click(summary)
        assert page.evaluate(SMALL) == []
    ask(page, WALKING)
    page.wait_for_selector(".next .example")
    page.click(".rate[data-useful=false]")
    page.wait_for_selector(".why input")
    page.click("#turn-1 .actions summary")
    assert page.evaluate(SMALL) == []
    page.click(".to-prompt")
    page.click("#history .keeping summary")
    assert page.evaluate(SMALL) == []
    page.click("#history .rename")
    assert page.evaluate(SMALL) == []
    page.click("#turn-1 .sourced")
    page.click("#sources-1 .further summary")
    page.wait_for_selector("#sources-1 .further .card")
    assert page.evaluate(SMALL) == []
    page.click("#sheet .close")
    ask(page, f"{IBUPROFEN} " + "I wonder about that. " * 30, "abstained")
    page.wait_for_selector(".unroll")
    assert page.evaluate(SMALL) == []


def test_a_theme_is_chosen_and_kept_and_nothing_flashes(
    open_page: OpenPage, address: str, accessible: Callable[[Page], None], screenshot: Callable[[Page, str], None]
) -> None:
    page = open_page(address, 1440, "light")
    page.click("#head .theme summary")
    page.wait_for_selector("#head .theme input[value='']:checked")
    accessible(page)
    page.focus("#head .theme input[value='']")
    page.keyboard.press("ArrowUp")
    page.wait_for_function(IS_DARK)
    page.keyboard.press("Escape")
    focused(page, "#head .theme summary")
    ask(page, WALKING)
    page.click("#card-1-1 .open")
    page.wait_for_selector("#reader mark")
    screenshot(page, "way-dark-chosen")
    assert page.evaluate("getComputedStyle(document.querySelector('#reader')).backgroundColor") == "rgb(27, 30, 29)"
    accessible(page)

    # Every class of the body and every background of the root that a reload goes through, from its first moment on.
    page.add_init_script(
        """window.seen = [];
        const look = () => {
            if (document.body) {
                const style = getComputedStyle(document.body);
                window.seen.push(style.backgroundColor, getComputedStyle(document.documentElement).colorScheme);
            }
            requestAnimationFrame(look);
        };
        requestAnimationFrame(look);"""
    )
    page.goto(address)
    page.wait_for_selector(".welcome .example")
    assert page.evaluate(IS_DARK)
    seen = set(page.evaluate("window.seen")) - {"rgba(0, 0, 0, 0)"}
    assert seen == {"rgb(19, 21, 20)", "dark"}
    page.emulate_media(color_scheme="dark")
    page.emulate_media(color_scheme="light")
    assert page.evaluate(IS_DARK)

    other = page.context.new_page()
    other.goto(address)
    other.wait_for_selector(".welcome .example")
    assert other.evaluate(IS_DARK)
    other.click("#head .theme summary")
    other.check("#head .theme input[value='']")
    other.wait_for_function(f"!{IS_DARK}")
    page.wait_for_function(f"!{IS_DARK}")  # the window beside it follows
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(IS_DARK)


def test_the_theme_works_in_a_browser_that_keeps_nothing(chromium: Browser, address: str) -> None:
    page = chromium.new_context(viewport={"width": 390, "height": SIZES[390]}, color_scheme="dark").new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError'); } })"
    )
    page.goto(address)
    page.wait_for_selector(".welcome .example")
    page.wait_for_function(IS_DARK)
    page.click("#head .theme summary")
    page.check("#head .theme input[value=light]")
    page.wait_for_function(f"!{IS_DARK}")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert errors == []
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_a_long_question_is_text_whose_rest_is_a_press_away(
    open_page: OpenPage, address: str, width: int, scheme: str, screenshot: Callable[[Page, str], None]
) -> None:
    page = open_page(address, width, scheme)
    question = IBUPROFEN + " I have taken some for three weeks and would like to know how much is too much." * 8
    ask(page, question, "abstained")
    heading = page.get_by_role("heading", level=2).filter(has_text=question[:60])
    assert heading.evaluate("each => getComputedStyle(each).fontSize") == "16px"
    assert heading.evaluate("each => each.scrollHeight > each.clientHeight")
    screenshot(page, f"way-{width}-{scheme}-long")
    page.focus(".unroll")
    page.keyboard.press("Enter")
    assert heading.evaluate("each => each.scrollHeight <= each.clientHeight")
    page.click(".unroll >> text=Show less")
    assert heading.evaluate("each => each.scrollHeight > each.clientHeight")


@pytest.mark.parametrize("width", [390, 1440])
def test_a_short_quote_stands_once_beside_its_answer(open_page: OpenPage, address: str, width: int) -> None:
    page = open_page(address, width, "light")
    ask(page, "Does strength training help?")
    card = page.locator(".sources:not([hidden]) .card", has_text="Strength training trial").first
    if width < 960:
        page.click("#turn-1 .sourced")  # over the answer, so the quote is shown
        assert "122 adults" in card.inner_text()
        return
    assert "The quote is the whole paragraph." in card.inner_text()
    assert "122 adults" not in card.inner_text()
    card.locator(".more").first.click()
    card.locator(".edge").wait_for()
    assert "122 adults" in card.inner_text()  # between what stands before and after it


def test_further_questions_come_after_the_answer_and_are_asked_as_typed(
    open_page: OpenPage, address: str, accessible: Callable[[Page], None], screenshot: Callable[[Page, str], None]
) -> None:
    page = open_page(address, 1440, "light")
    ask(page, WALKING)
    page.wait_for_selector(".next .example")
    assert page.locator(".next .example").all_inner_texts() == ["When to see a doctor"]
    screenshot(page, "way-onward")
    accessible(page)
    page.click(".next .example")
    page.locator(".turn[data-state=answered] h2", has_text="When to see a doctor").wait_for()
    assert "See a doctor at once" in page.inner_text("#turn-2 blockquote >> nth=0")
    assert page.locator("#turn-2 .understood").count() == 0


def test_a_question_does_not_wait_for_further_ones(open_page: OpenPage, address: str, assistant: StandIn) -> None:
    page = open_page(address, 1440, "light")
    ask(page, WALKING)
    page.fill("#question textarea", "slowly")
    page.press("#question textarea", "Enter")
    page.wait_for_selector(".turn[data-state=pending]")
    query = page.evaluate(
        """async () => (await fetch('onward?run=9&root=texts&source=back-pain.md&start=70')).status"""
    )
    assert query == 204
    assistant.release.set()
    page.locator(".turn[data-state=abstained]").wait_for()
    assistant.release.clear()
    assert page.locator(".next").count() == 0
