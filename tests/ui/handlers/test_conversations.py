"""Saved conversations come back with their quotes checked, only to the browser that owns them."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from assistant.conversations.json_file import read_conversation
from assistant.conversations.verify import verify
from assistant.schema import Abstention, Answer, Evidence, Quote, Standing, Status, Turn
from ingest.index.catalog import Catalog
from ingest.origin import FileState
from ingest.runs.pipeline import RunReport
from ingest.schema import CorpusDescription, Passage
from ingest.settings import Settings
from ui.handlers.conversations import NOT_HERE, Conversations, OpenConversation
from ui.page.conversation import conversation_html
from ui.page.conversation_routes import conversation_routes
from ui.page.history import marker_html
from ui.page.owner import COOKIE, Owners, owner_of
from ui.page.sources import sources_html

HIP = "# Hip\n\nA pillow between the knees keeps the hip level. It often lets people sleep.\n"
PILLOW = "A pillow between the knees keeps the hip level."
ANNA, BO = "a" * 32, "b" * 32


class Index:
    """An assistant that can only verify."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def verify(self, quotes: Sequence[Quote]) -> tuple[Standing, ...]:
        with closing(Catalog(self.data_dir)) as catalog, catalog.read() as snapshot:
            return verify(quotes, snapshot)


@pytest.fixture
def settings(tmp_path: Path, indexed: Callable[..., RunReport]) -> Settings:
    indexed({"hip.md": HIP, "other.md": "Nothing of interest.\n"})
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def conversations(settings: Settings) -> Conversations:
    return Conversations(Index(settings.data_dir), settings)


@pytest.fixture
def quote(tmp_path: Path) -> Quote:
    text = HIP[7:-1]
    passage = Passage("p", str(tmp_path / "corpus"), "hip.md", 7, 7 + len(text), text, None, (), (), "", "Hip")
    return Quote(Evidence(passage, 7, 7 + len(PILLOW), 1.0), None, 3, None, FileState.SAME)


@pytest.fixture
def turn(quote: Quote) -> Turn:
    return Turn(1, "Pillow?", Answer("Pillow?", (quote,), None, ("hip.md",), 0.9, 1))


def nearest_only(quote: Quote) -> Turn:
    return Turn(1, "Why?", Answer("Why?", (), Abstention("No.", (), (quote,), 1, 1), (), 0.1, 1))


def below(turn: Turn, *heading: str) -> Turn:
    """Return a turn whose quote stood below these headings."""
    assert turn.answer is not None
    (quote,) = turn.answer.quotes
    passage = replace(quote.evidence.passage, heading=heading)
    return replace(
        turn, answer=replace(turn.answer, quotes=(replace(quote, evidence=replace(quote.evidence, passage=passage)),))
    )


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def answered(turn: Turn) -> str:
    return conversation_html((turn,), CorpusDescription())


def standing_of(turn: Turn) -> str:
    """Return what the conversation tells of how the turn's one quote stands."""
    found = re.search(r'<div class="standing".*?</div>', answered(turn), re.DOTALL)
    return plain(found[0]) if found else ""


def shown(opened: OpenConversation) -> tuple[str, str]:
    """Return the conversation and its sources as a person reads them."""
    return plain(conversation_html(opened.turns, CorpusDescription())), plain(sources_html(opened.turns))


class TestShownAgain:
    def test_what_stands_is_shown_without_a_word(self, conversations: Conversations, turn: Turn) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        again = conversations.open(ANNA, kept.id)
        assert (again.kept, again.note, len(again.turns)) == (True, "", 1)
        assert again.turns[0].answer == turn.answer
        assert standing_of(again.turns[0]) == ""
        assert 'data-checked="1 quote: 1 same."' in marker_html(again)

    def test_what_changed_says_so_and_what_stands_there_now(
        self, conversations: Conversations, turn: Turn, write: Callable[..., Path]
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        write({"hip.md": HIP.replace("A pillow", "A cushion")})
        again = conversations.open(ANNA, kept.id)
        for text in shown(again):
            assert "Changed. These words are no longer in the texts. The most similar text now:" in text
            assert "A cushion between the knees keeps the hip level. hip.md · line 3" in text
        html = conversation_html(again.turns, CorpusDescription())
        assert html.count("Checked again, no longer in the texts:") == 2  # in both copies of the answer
        assert 'data-checked="1 quote: 1 changed."' in marker_html(again)

    def test_what_is_gone_says_so(self, conversations: Conversations, turn: Turn, tmp_path: Path) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        (tmp_path / "corpus" / "hip.md").unlink()
        for text in shown(conversations.open(ANNA, kept.id)):
            assert "Gone. Its source no longer exists" in text

    def test_what_moved_with_its_passage_is_shown_where_it_is(
        self, conversations: Conversations, turn: Turn, write: Callable[..., Path]
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        fresh = "Two\nlines.\n\n" + HIP
        write({"hip.md": fresh})
        (again,) = conversations.open(ANNA, kept.id).turns
        (moved,) = again.shown
        passage = moved.evidence.passage
        assert fresh[moved.evidence.start : moved.evidence.end] == PILLOW
        assert fresh[passage.start : passage.end] == passage.text
        assert (moved.line, moved.file) == (6, FileState.CHANGED)
        assert "Moved." in standing_of(again)

    @pytest.mark.parametrize("beside", ["", " It often lets people sleep."], ids=["another passage", "its passage"])
    def test_what_moved_below_another_heading_is_shown_below_that(
        self, conversations: Conversations, turn: Turn, write: Callable[..., Path], beside: str
    ) -> None:
        kept = conversations.keep(ANNA, "", (below(turn, "Hip", "What helps"),))
        fresh = f"# Hip\n\n## What harms\n\n{PILLOW}{beside}\n"
        write({"hip.md": fresh})
        again = conversations.open(ANNA, kept.id)
        (moved,) = again.turns[0].shown
        assert moved.heading == "Hip › What harms"
        assert fresh[moved.evidence.start : moved.evidence.end] == PILLOW
        for text in shown(again):
            assert "or below another heading. It is now here: hip.md · line 5 · under What harms" in text
            assert "What helps" not in text

    def test_what_moved_to_another_file_names_it(
        self, conversations: Conversations, turn: Turn, indexed: Callable[..., RunReport]
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        indexed({"hip.md": "# Hip\n\nEmptied.\n", "new.md": f"# New\n\n{PILLOW}\n"})
        (again,) = conversations.open(ANNA, kept.id).turns
        assert "These words are in another file now: new.md · line 3" in standing_of(again)

    def test_what_changed_around_it_is_said(
        self, conversations: Conversations, turn: Turn, write: Callable[..., Path]
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        write({"hip.md": HIP.replace("It often", "It rarely")})
        (again,) = conversations.open(ANNA, kept.id).turns
        assert standing_of(again) == "The text around it has changed since."

    def test_the_nearest_passages_are_looked_at_whole(
        self, conversations: Conversations, quote: Quote, write: Callable[..., Path]
    ) -> None:
        kept = conversations.keep(ANNA, "", (nearest_only(quote),))
        assert conversations.open(ANNA, kept.id).turns[0].standings[0].status is Status.SAME
        assert 'data-checked="This conversation has no quotes to check."' in marker_html(kept)
        write({"hip.md": HIP.replace("It often", "It rarely")})
        again = conversations.open(ANNA, kept.id)
        assert again.turns[0].standings[0].status is Status.CHANGED
        assert "Changed." in shown(again)[1]


def test_another_windows_turns_come_along(conversations: Conversations, turn: Turn) -> None:
    first = conversations.keep(ANNA, "", (turn,))
    conversations.keep(ANNA, first.id, (*first.turns, replace(turn, number=2, question="Theirs?")))
    mine = conversations.keep(ANNA, first.id, (*first.turns, replace(turn, number=2, question="Mine?")))
    assert [(each.number, each.question) for each in mine.turns] == [(1, "Pillow?"), (2, "Theirs?"), (3, "Mine?")]


def test_without_an_owner_or_with_keeping_off_nothing_is_written(settings: Settings, turn: Turn) -> None:
    off = Conversations(Index(settings.data_dir), settings.model_copy(update={"history": False}))
    for opened in (
        off.keep(ANNA, "", (turn,)),
        Conversations(Index(settings.data_dir), settings).keep("", "", (turn,)),
    ):
        assert (opened.turns, opened.kept) == ((turn,), False)
        assert opened.id
        assert 'data-kept="false"' in marker_html(opened)
    assert off.open(ANNA, "20260101-000000-00000000") == OpenConversation(note=NOT_HERE)
    assert off.open(ANNA, "") == OpenConversation()
    assert not (settings.data_dir / "history").exists()


def test_after_a_fault_a_turn_is_kept_once(conversations: Conversations, turn: Turn) -> None:
    failed, name = Turn(1, "Pillow?", failure="A fault"), "20260101-000000-00000000"
    first = conversations.recover(ANNA, name, (failed,))
    assert (first.id, first.kept, [each.failure for each in first.turns]) == (name, True, ["A fault"])
    conversations.keep(ANNA, name, (*first.turns, replace(turn, number=2)))
    again = conversations.recover(ANNA, name, (*first.turns, replace(failed, number=2)))
    assert [each.answer for each in again.turns] == [None, turn.answer]  # it was kept before the fault
    assert conversations.history is not None
    assert [(entry.id, entry.turns) for entry in conversations.history.listed(ANNA).kept] == [(name, 2)]
    assert conversations.recover("", name, (failed,)) == OpenConversation(name, (failed,))
    assert conversations.recover(ANNA, "", ()) == OpenConversation()


def test_what_cannot_be_kept_is_shown_all_the_same(settings: Settings, turn: Turn) -> None:
    (settings.data_dir / "history").write_text("", encoding="utf-8")
    opened = Conversations(Index(settings.data_dir), settings).keep(ANNA, "", (turn,))
    assert (opened.turns, opened.kept) == ((turn,), False)
    assert "cannot be saved" in opened.note


@pytest.fixture
def browser(conversations: Conversations, settings: Settings) -> Iterator[Callable[[str], TestClient]]:
    """Make a client for an owner's browser, with the routes of saved conversations."""
    app = FastAPI()
    app.include_router(conversation_routes(conversations.history, settings))

    @app.get("/")
    def page() -> str:
        return "page"

    app.add_middleware(Owners)
    yield lambda owner: TestClient(app, cookies={COOKIE: owner} if owner else None)


Browser = Callable[[str], TestClient]


def rating(client: TestClient, turn: Turn, identity: str) -> int:
    """Send what the form under an answer sends; return the status."""
    sent = re.search(r'data-answer="([^"]*)"', answered(turn))
    assert sent
    body = {**json.loads(unescape(sent[1])), "conversation": identity, "useful": True}
    return client.post("/feedback", json=body).status_code


class TestRoutes:
    def test_a_new_browser_gets_a_secret_and_keeps_it(self, browser: Browser) -> None:
        client = browser("")
        given = client.get("/").headers["set-cookie"]
        assert re.fullmatch(rf"{COOKIE}=[0-9a-f]{{32}}; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax", given)
        assert client.get("/").headers["set-cookie"] == given
        assert "set-cookie" not in client.get("/kept").headers

    @pytest.mark.parametrize("other", ['foo={"a":1}', "a[b]=1", "x=a b", "bare", "näme=1", '"=', "=; ;"])
    def test_another_programs_cookie_leaves_ours(self, browser: Browser, other: str) -> None:
        given = browser("").get("/", headers={"cookie": f"{other}; {COOKIE}={ANNA}".encode()}).headers["set-cookie"]
        assert given.startswith(f"{COOKIE}={ANNA};")

    @pytest.mark.parametrize("forged", ["../../x", "A" * 32, "a" * 31, '"', "a=b; c"])
    def test_a_forged_secret_is_none(self, forged: str) -> None:
        assert owner_of({COOKIE: forged}) == ""

    def test_the_list_the_search_and_the_open_one(
        self, browser: Browser, conversations: Conversations, turn: Turn
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        conversations.keep(ANNA, "", (replace(turn, question="Another?"),))
        html = browser(ANNA).get("/kept", params={"opened": kept.id}).text
        assert re.findall(r'data-open="[^"]*" dir="auto"( aria-current="true")?>([^<]*)<', html) == [
            ("", "Another?"),
            (' aria-current="true"', "Pillow?"),
        ]
        assert "Another?" not in browser(ANNA).get("/kept", params={"find": "PILLOW?"}).text
        assert "No conversation contains" in browser(ANNA).get("/kept", params={"find": "absent"}).text
        assert "Your conversations will appear here." in browser(BO).get("/kept").text
        assert "Your conversations will appear here." in browser("").get("/kept").text

    def test_rename_export_and_delete(
        self, browser: Browser, conversations: Conversations, turn: Turn, tmp_path: Path
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        anna = browser(ANNA)
        assert anna.post(f"/kept/{kept.id}", json={"name": "Näme / of mine"}).json() == "Renamed."
        given = anna.get(f"/kept/{kept.id}.json")
        assert given.headers["content-disposition"] == "attachment; filename*=UTF-8''N%C3%A4me-of-mine.json"
        path = tmp_path / "export.json"
        path.write_bytes(given.content)
        assert read_conversation(path).name == "Näme / of mine"
        assert anna.get(f"/kept/{kept.id}.md").text.startswith("# Näme / of mine")
        assert anna.get(f"/kept/{kept.id}.html").headers["content-type"] == "text/html; charset=utf-8"
        assert anna.delete(f"/kept/{kept.id}").json() == "Deleted."
        assert anna.delete(f"/kept/{kept.id}").status_code == 404
        assert anna.get(f"/kept/{kept.id}.json").status_code == 404

    @pytest.mark.parametrize("owner", [BO, ""])
    def test_others_find_nothing(self, browser: Browser, conversations: Conversations, turn: Turn, owner: str) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        other = browser(owner)
        assert other.get(f"/kept/{kept.id}.json").status_code == 404
        assert other.post(f"/kept/{kept.id}", json={"name": "x"}).status_code == 404
        assert other.delete(f"/kept/{kept.id}").status_code == 404
        assert conversations.open(ANNA, kept.id).turns

    @pytest.mark.parametrize("name", ["..%2f..%2fcatalog", "20260101-000000-00000000", "x"])
    def test_other_names_are_not_found(self, browser: Browser, name: str) -> None:
        assert browser(ANNA).get(f"/kept/{name}.json").status_code == 404
        assert browser(ANNA).delete(f"/kept/{name}").status_code == 404

    def test_an_unknown_kind_is_not_found(self, browser: Browser, conversations: Conversations, turn: Turn) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        assert browser(ANNA).get(f"/kept/{kept.id}.exe").status_code == 404

    def test_a_file_with_faults_is_told(
        self, browser: Browser, conversations: Conversations, turn: Turn, settings: Settings
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        (path,) = settings.data_dir.rglob(f"{kept.id}.json")
        path.write_text("{}", encoding="utf-8")
        answer = browser(ANNA).get(f"/kept/{kept.id}.json")
        assert answer.status_code == 400
        assert "not a conversation" in answer.json()
        assert "not a conversation" in conversations.open(ANNA, kept.id).note
        listed = unescape(browser(ANNA).get("/kept").text)
        assert path.name in listed and str(path) not in listed  # the folders of the server are nobody's business

    @pytest.mark.parametrize(("owner", "number"), [(BO, 1), ("", 1), (ANNA, 2)])
    def test_feedback_on_what_is_not_ones_own_is_refused(
        self, browser: Browser, conversations: Conversations, turn: Turn, settings: Settings, owner: str, number: int
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        assert rating(browser(owner), replace(kept.turns[0], number=number), kept.id) == 404
        assert rating(browser(ANNA), turn, "another") == 404
        assert not (settings.data_dir / "feedback.jsonl").exists()

    @pytest.mark.parametrize(
        ("read_only", "history", "status"), [(False, False, 200), (True, False, 403), (True, True, 200)]
    )
    def test_a_read_only_page_takes_feedback_only_with_its_conversations(
        self, settings: Settings, turn: Turn, read_only: bool, history: bool, status: int
    ) -> None:
        settings = settings.model_copy(update={"read_only": read_only, "history": history})
        conversations, app = Conversations(Index(settings.data_dir), settings), FastAPI()
        app.include_router(conversation_routes(conversations.history, settings))
        kept = conversations.keep(ANNA, "", (turn,))
        assert rating(TestClient(app, cookies={COOKIE: ANNA}), kept.turns[0], kept.id) == status
        assert (settings.data_dir / "feedback.jsonl").exists() == (status == 200)

    def test_feedback_is_taken_and_comes_back(
        self, browser: Browser, conversations: Conversations, turn: Turn, settings: Settings
    ) -> None:
        kept = conversations.keep(ANNA, "", (turn,))
        sent = re.search(r'data-answer="([^"]*)"', answered(kept.turns[0]))
        assert sent
        body = {"conversation": kept.id, "useful": False, "reason": "Too short"}
        answer = browser(ANNA).post("/feedback", json={**json.loads(unescape(sent[1])), **body})
        assert answer.json() == "Thank you. Your feedback is saved."
        (rated,) = conversations.rated(kept.id, kept.turns)
        html = answered(rated)
        assert 'data-useful="false" aria-pressed="true"' in html
        assert 'value="Too short"' in html
        assert browser(ANNA).post("/feedback", json=body).status_code == 422
        (settings.data_dir / "feedback.jsonl").write_text("{", encoding="utf-8")
        answer = browser(ANNA).post("/feedback", json={**json.loads(unescape(sent[1])), **body})
        assert answer.status_code == 400
        assert answer.json() == "Your feedback could not be saved. The program's log has the reason."
