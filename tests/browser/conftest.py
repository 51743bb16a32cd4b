"""A small corpus behind the real page on a free port, and Chromium in front of it."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from assistant.conversations.verify import verify
from assistant.schema import Abstention, Answer, Evidence, Quote, ScoredPassage, Standing
from ingest.errors import SourceUnreadable
from ingest.origin import FileState
from ingest.schema import EVERYTHING, Block, CorpusDescription, Document, Heading, Passage, Selection
from ingest.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

SIZES = {390: 844, 768: 1024, 1440: 900}
SCHEMES = ("light", "dark")
LOOKS = tuple((width, scheme) for width in SIZES for scheme in SCHEMES)
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
UNSTUCK = "@media (max-width: 959.9px) { #journeys > .tab-wrapper, #composer { position: static !important; } }"
"""Without this, axe takes what is half under the tabs or the question box, and can be scrolled, for too small."""
UNUSED = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "AimEnabled"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin", "OptimizationHints", "PreconnectToSearch"),
    "NetworkTimeServiceQuerying",
)
"""Features of Chromium to turn off. The first two load two pages for the address bar of each window, which nobody sees:
0.7 seconds of processor time. The others are what Playwright turns off, because Chromium reads only the last such list.
"""
IS_DARK = "document.body.classList.contains('dark')"
FINISH = "document.getAnimations().forEach(each => each instanceof CSSTransition && each.finish())"
"""Colours change slowly, and axe would take those in between for too pale."""
LOCAL = ("127.0.0.1", "localhost")

ROOT = "texts"
BACK = """# Low back pain

Advice for the first weeks.

## Staying active

Most episodes of low back pain get better within a few weeks. Keep moving: bed rest for more than a day or
two makes recovery slower. Walking, swimming and gentle stretching are safe for almost everyone.

A warm pack on the sore place for 15 to 20 minutes can ease the pain. Use it together with movement, not
instead of it.

## When to see a doctor

See a doctor at once if you have numbness around the saddle, loss of bladder control, or a fever with the
pain. These are rare; they need attention the same day.
"""
HIP = """# Hip pain at night

Lying on the sore side presses on the outer hip. A pillow between the knees keeps the hip level and often
lets people sleep through.

العلاج الطبيعي يساعد كثيرا. Pain <script>alert('x')</script> & {{value}} ${value} are shown as they stand 🦴.
"""
STUDY = "Strength training twice a week reduced hip pain by 30 % after 12 weeks in a trial of 122 adults.\n"
LONG = "# A long source\n\n" + "".join(
    f"## Part {part}\n\n" + f"Sentence of part {part} that says nothing new, over and over again. " * 40 + "\n\n"
    for part in range(1, 700)
)
HOSTILE = {
    "script.md": "<script>document.title = 'zanzibar'</script> <img src=x onerror=alert(1)> & {{v}} ${v} zanzibar.",
    "markdown.md": "**Bold** `code` [a link](javascript:alert(1)) | a | table | # no heading and <b>marrakesh</b>.",
    "long-word.txt": "Timbuktu " + "Donaudampfschifffahrt" * 20 + " and https://example.org/" + "path/" * 60 + " end.",
    "right-to-left.txt": "العلاج الطبيعي يساعد كثيرا (samarkand 12%) في الحالات المزمنة \u202e evil.",
    "emoji.txt": "🦴👩🏽‍⚕️🏳️‍🌈 reykjavik e\u0301 ﷽ 👨‍👩‍👧‍👦 " + "🎉" * 80 + " end.",
}
"""Texts that must be shown as they stand; each holds a name of a town by which to ask for it."""
REPORT = (
    "Page one tells of nothing much.\n\n",
    "The kingfisher nests in May. It digs a tunnel\n",
    "two metres deep.\n",
)
"""Three pages; the second sentence of the kingfisher goes over a page's end."""
NEEDLE = "The lighthouse keeper counted ninety-one ships.\n"
STOP = {"what", "when", "does", "should", "about", "with", "from", "that", "this", "there", "many", "have", "help"}


def document(source: str, title: str, text: str, url: str | None = None, pages: Sequence[int] = ()) -> Document:
    """Return a document; `pages` are the lengths of its pages, where it has any."""
    headings = tuple(Heading(len(m[1]), m[2], m.start(), m.end()) for m in re.finditer(r"(?m)^(#+) (.+)$", text))
    blocks = tuple(Block(m.start(), m.end()) for m in re.finditer(r"(?:(?<=\n\n)|\A)[^#\n](?:.|\n(?!\n|\Z))*", text))
    starts = tuple(sum(pages[:number]) for number in range(len(pages)))
    return Document(source, title, url, text, "0" * 64, starts, headings, blocks, verbatim=not pages)


class Held:
    """The documents as `verify` asks for them."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self.documents = documents

    def document(self, root: str, source: str) -> Document | None:
        return self.documents.get(source)

    def holding(self, text: str) -> list[tuple[str, str]]:
        return [(ROOT, source) for source, each in self.documents.items() if text in each.text]

    def roots_of(self, source: str) -> list[str]:
        return [ROOT] if source in self.documents else []


class StandIn:
    """Answers with the sentences that hold all long words of the question; counts nothing, weighs nothing."""

    def __init__(self) -> None:
        self.documents = {
            "back-pain.md": document("back-pain.md", "Low back pain", BACK, "https://example.org/back?lang=en"),
            "guides/hip-at-night.md": document("guides/hip-at-night.md", "Hip pain at night", HIP),
            "studies/strength.txt": document("studies/strength.txt", "Strength training trial", STUDY, "javascript:1"),
            "long.md": document("long.md", "A long source", LONG + NEEDLE),
            "report.pdf": document("report.pdf", "The bird report", "".join(REPORT), pages=tuple(map(len, REPORT))),
        }
        for name, text in HOSTILE.items():
            self.documents[f"hostile/{name}"] = document(f"hostile/{name}", text[:60], text)
        self.release = threading.Event()
        self.states = {"studies/strength.txt": FileState.CHANGED}

    def description(self) -> CorpusDescription:
        return CorpusDescription(
            "Back and hip",
            "Guidance on low back pain and hip pain, from guidelines and trials, for people who like to read.",
            "This is general information, not medical advice. Ask a doctor about your own back.",
            ("Does walking help with back pain?", "How should I sleep with hip pain?", "When should I see a doctor?"),
        )

    def document(self, root: str, source: str) -> Document:
        if root != ROOT or source not in self.documents:
            raise SourceUnreadable("no such source in the index", source, "ask again")
        return self.documents[source]

    def verify(self, quotes: Sequence[Quote]) -> tuple[Standing, ...]:
        states = [self.states.get(quote.source, FileState.SAME) for quote in quotes]
        standings = verify(quotes, Held(self.documents))
        return tuple(replace(each, file=state) for each, state in zip(standings, states, strict=True))

    def sources(self) -> frozenset[str]:
        return frozenset(self.documents)

    def roots(self) -> list[str]:
        return [ROOT]

    def roots_of(self, source: str) -> list[str]:
        return [ROOT] if source in self.documents else []

    def ask(
        self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
    ) -> Answer:
        if "outage" in question:
            raise SourceUnreadable("the index is being rebuilt", "catalog.db", "ask again in a minute")
        if "crash" in question:
            raise ZeroDivisionError
        if "slowly" in question:
            self.release.wait(20)
        words = {word for word in re.findall(r"\w{4,}", question.lower()) if word not in STOP}
        quotes = [quote for quote in self.sentences() if words & set(re.findall(r"\w{4,}", quote.text.lower()))]
        best = sorted(quotes, key=lambda quote: -len(words & set(re.findall(r"\w{4,}", quote.text.lower()))))[:3]
        if words and all(any(word in quote.text.lower() for quote in quotes) for word in words):
            return Answer(question, tuple(best), None, tuple({quote.source: 0 for quote in best}), 0.9, 1)
        known = " ".join(text.text.lower() for text in self.documents.values())
        missing = tuple(sorted(word for word in words if word not in known))
        nearest = tuple(best or [next(self.sentences())])
        abstention = Abstention("No passage holds the words that carry this question.", missing, nearest, 4, 1234)
        return Answer(question, (), abstention, (), 0.1, 1)

    def search(self, question: str, limit: int = 10, *, within: Selection = EVERYTHING) -> list[ScoredPassage]:
        passages = {quote.evidence.passage.id: quote.evidence.passage for quote in self.sentences()}
        words = set(re.findall(r"\w{4,}", question.lower()))
        score = {key: len(words & set(re.findall(r"\w{4,}", each.text.lower()))) for key, each in passages.items()}
        best = sorted((key for key in passages if score[key]), key=lambda key: -score[key])
        return [ScoredPassage(passages[key], float(score[key])) for key in best[:limit]]

    def quote(self, scored: Sequence[ScoredPassage]) -> list[Quote]:
        return [self.whole(each.passage) for each in scored]

    def whole(self, passage: Passage) -> Quote:
        entry = self.documents[passage.source]
        state = self.states.get(passage.source, FileState.SAME)
        evidence = Evidence(passage, passage.start, passage.end, 1.0)
        return Quote(evidence, entry.url, entry.line(passage.start), entry.page(passage.start), state)

    def sentences(self) -> Iterator[Quote]:
        for entry in self.documents.values():
            blocks = entry.blocks[-1:] if entry.source == "long.md" else entry.blocks
            for block in blocks:
                text = entry.text[block.start : block.end]
                path = tuple(h.title for h in entry.headings if h.end <= block.start and h.level == 1)
                path += tuple(h.title for h in entry.headings if h.end <= block.start and h.level == 2)[-1:]
                passage = Passage(
                    f"{entry.source}-{block.start}",
                    ROOT,
                    entry.source,
                    block.start,
                    block.end,
                    text,
                    entry.page(block.start),
                    path,
                    (),
                    "s",
                    entry.title,
                )
                for match in re.finditer(r"\S(?:[^.;]|\.(?!\s|\Z))*[.;]", text):
                    start, end = block.start + match.start(), block.start + match.end()
                    state = self.states.get(entry.source, FileState.SAME)
                    evidence = Evidence(passage, start, end, 1.0)
                    yield Quote(evidence, entry.url, entry.line(start), entry.page(start), state)


@pytest.fixture(scope="session")
def assistant() -> StandIn:
    """The stand-in, and through it the small corpus."""
    return StandIn()


@pytest.fixture(scope="session")
def address(assistant: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the page on a free port of this machine."""
    from ui.page.app import serve

    folder = tmp_path_factory.mktemp("page")
    served = serve(assistant, Settings(host="127.0.0.1", port=0, data_dir=folder), block=False)
    yield served.url
    served.close()


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A headless Chromium of this machine; skips without one unless --require-browser asks for it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    if not found or sync_playwright is None:
        missing = "Chromium" if sync_playwright else "playwright"
        if request.config.getoption("--require-browser"):
            pytest.fail(f"{missing} is required and not installed")
        pytest.skip(f"{missing} is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[f"--disable-features={','.join(UNUSED)}"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def idle() -> list[BrowserContext]:
    """Who opened the page in earlier tests: nothing is left of them but the scripts they got."""
    return []


@pytest.fixture
def person(chromium: Browser, idle: list[BrowserContext]) -> Iterator[Callable[[], BrowserContext]]:
    """Return one more person for this test; the next test gets the same ones, who have forgotten everything."""
    people: list[BrowserContext] = []

    def come() -> BrowserContext:
        someone = idle.pop() if idle else chromium.new_context(reduced_motion="reduce")
        people.append(someone)
        someone.on("close", lambda someone: people.remove(someone))
        return someone

    yield come
    for someone in people:
        forget(someone)
        idle.append(someone)


@pytest.fixture
def open_page(person: Callable[[], BrowserContext]) -> Iterator[Callable[[str, int, str], Page]]:
    """Open the page at a width, light or dark; in the end nothing may have left this machine or gone wrong.

    Each page of a test is another person's.
    """
    outside: list[str] = []
    errors: list[str] = []

    def open_(address: str, width: int, scheme: str) -> Page:
        page = new_page(person(), width, scheme)
        page.on("request", lambda request: outside.append(request.url) if leaves(request.url) else None)
        page.on("console", lambda message: errors.append(message.text) if is_fault(message) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_selector(".welcome .example")
        return page

    yield open_
    assert outside == []
    assert errors == []


def new_page(person: BrowserContext, width: int, scheme: str) -> Page:
    """Return a new page of a person, at a width, light or dark."""
    page = person.new_page()
    show(page, width, scheme)
    page.set_default_timeout(30_000)
    return page


def show(page: Page, width: int, scheme: str) -> None:
    """Show a page at a width, light or dark."""
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    page.emulate_media(color_scheme=scheme)


def shown(page: Page, *looks: tuple[int, str]) -> Iterator[str]:
    """Show a page at several widths, light or dark; yield the name of each look. In the end it looks as it did."""
    before = page.viewport_size, "dark" if page.evaluate(IS_DARK) else "light"
    for width, scheme in looks:
        show(page, width, scheme)
        page.wait_for_function(f"{IS_DARK} === {str(scheme == 'dark').lower()}")
        page.evaluate(FINISH)
        yield f"{width}-{scheme}"
    page.set_viewport_size(before[0])
    page.emulate_media(color_scheme=before[1])


def is_fault(message: ConsoleMessage) -> bool:
    """Whether a message of the console is an error, and not of a page that looks for a server which a test stopped."""
    return message.type == "error" and not re.search(r"net::ERR_(CONNECTION|EMPTY|INCOMPLETE)_", message.text)


def forget(person: BrowserContext) -> None:
    """Close all pages of a person, and forget what they keep and may do."""
    for page in person.pages:
        if page.url.startswith("http"):
            parts = urlsplit(page.url)
            person.new_cdp_session(page).send(
                "Storage.clearDataForOrigin",
                {"origin": f"{parts.scheme}://{parts.netloc}", "storageTypes": "local_storage,indexeddb"},
            )
        page.close()
    person.clear_cookies()
    person.clear_permissions()


def open_sources(page: Page) -> None:
    """Bring the sources of the latest turn into view; on a narrow screen they are a sheet."""
    if page.locator("#sheet:not([open])").count():
        page.locator(".turn .sourced").last.click()


def leave_sources(page: Page) -> None:
    """Close the sheet of sources where there is one."""
    if page.locator("#sheet[open]").count():
        page.click("#sheet .close")
        page.wait_for_selector("#sheet", state="hidden")


def leaves(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob", "file") and parts.hostname not in LOCAL


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Check that axe finds nothing on the page that WCAG 2.2 AA forbids."""
    from axe_playwright_python.sync_playwright import Axe

    axe, options = Axe(), {"runOnly": list(WCAG), "resultTypes": ["violations"]}

    def check(page: Page) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe.axe_script)
        unstuck = page.add_style_tag(content=UNSTUCK)
        violations = page.evaluate("options => axe.run(options).then(found => found.violations)", options)
        unstuck.evaluate("each => each.remove()")
        faults = [
            f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
            for each in violations
            for node in each["nodes"]
        ]
        assert faults == []

    return check


@pytest.fixture
def screenshot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Save a picture of the page where --screenshots names a folder."""
    folder = request.config.getoption("--screenshots")

    def save(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=os.path.join(folder, f"{name}.png"))

    return save
