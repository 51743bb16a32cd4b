"""The public endpoints of the page's server, for `gradio_client` and plain HTTP: JSON in, JSON out."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import gradio as gr
from gradio.events import api
from pydantic import ConfigDict, ValidationError, validate_call

from assistant.schema import Answering
from ingest.errors import SettingsInvalid, UserFacingError
from ingest.settings import Settings
from ui.handlers import corpus
from ui.programs import requests as programs
from ui.programs.requests import Json

STRICT = ConfigDict(strict=True)


def add_endpoints(assistant: Answering, settings: Settings) -> None:
    """Add the endpoints `ask`, `search` and `ingest_plan` to the page being built; the page has no others."""

    def ask(
        question: str,
        history: list[str] = [],  # noqa: B006 - clients read the default
        as_typed: bool = False,
        within: Json = {},  # noqa: B006
    ) -> Json:
        """Answer a question in exact quotes from the texts, each with its place, or abstain.

        `history` contains the earlier questions, oldest first. With `as_typed`,
        the question is searched for exactly as it is, without correcting,
        completing or splitting it. `within` limits what is searched, by any of
        sources (a list of sources and folders, as in answers, with or without
        their root), kinds (a list of file endings such as "pdf"), after and
        before (days such as "2026-01-31", for sources that were last read into
        the index on or after the first day, and before the second). Returns
        what `cited ask --json` prints: question, state, abstained, reason,
        missing_terms, quotes, agreements, ranked, nearest, gate_score, run,
        corrections, remark, open_parts, outlines, hint and within (null if everything
        was searched). Each quote and each passage in `nearest` has source,
        title, text, start, end (characters of the source, end exclusive), line,
        page, recognised, heading, url, root, file (same, changed, gone), also
        and part_of_list.
        """
        return programs.ask_json(programs.ask(assistant, question, history, as_typed=as_typed, within=within))

    def search(question: str, limit: int = 10, within: Json = {}) -> Json:  # noqa: B006 - clients read the default
        """Find up to `limit` (1 to 50) passages nearest to a question, best first; they may not answer it.

        `within` limits what is searched, as in `ask`. Returns question and
        passages. Each passage has source, title, text, start, end (characters
        of the source, end exclusive), line, page, recognised, heading, url, root and score
        (higher is nearer).
        """
        return programs.search_json(question, programs.search(assistant, question, limit, within=within))

    def ingest_plan() -> Json:
        """Show what ingesting all known folders again would do, without changing anything.

        Returns found (the number of files), added, updated, removed and
        unchanged (sources), renamed (each with former and source), failed (each
        with source and reason), and problems (why a folder cannot be read).
        """
        if settings.read_only:
            raise SettingsInvalid("you may only read here", "CITED_READ_ONLY", "unset it, or ask for the role editor")
        return programs.plan_json(corpus.plan_all(settings))

    for endpoint in (ask, search, ingest_plan):
        group = "plan" if endpoint is ingest_plan else "ask"
        api(_checked(endpoint), api_name=endpoint.__name__, concurrency_id=group)


def _checked(endpoint: Callable[..., Json]) -> Callable[..., Json]:
    """Check the argument types, and raise errors that the client can fix as Gradio's own error."""
    checked: Callable[..., Json] = validate_call(config=STRICT)(endpoint)
    names = list(signature(endpoint).parameters)

    @wraps(endpoint)
    def call(*given: Any) -> Json:  # noqa: ANN401 - the types are checked here
        try:
            return checked(**dict(zip(names, given, strict=False)))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise gr.Error(f"{where}: {first['msg']}; see /gradio_api/info", print_exception=False) from error
        except UserFacingError as error:
            raise gr.Error(error.public, print_exception=False) from error

    return call
