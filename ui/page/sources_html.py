"""The sources of a conversation as HTML: cards of quotes, the nearest passages of an abstention."""

from collections.abc import Sequence
from urllib.parse import urlencode

from assistant.render import FILE_NOTES
from assistant.schema import Answer, Quote, Turn, Turns
from ingest.origin import FileState
from ui.page.history_html import standing_html
from ui.page.markup import Place, address_of, heading_words, link_html, opener_html, place_words, prose_html, safe
from ui.page.reader import Side

NEAREST = "nearest passage, not an answer"
FURTHER = "found, not quoted"


def sources_html(turns: Turns) -> str:
    """Return the sources of every turn, those of the latest shown, or how to read them where there is none."""
    if not turns:
        return _legend_html()
    return "".join(_sources_html(turn, shown=turn is turns[-1]) for turn in turns)


def further_html(quotes: Sequence[Quote]) -> str:
    """Return further passages that were found, each folded and told to be unquoted."""
    folded = "".join(_folded_html(quote, FURTHER) for quote in quotes)
    return folded or '<p class="empty">No further passages were found.</p>'


def _legend_html() -> str:
    return (
        '<section class="legend"><h2>Sources</h2><p>What an answer quotes stands here, like this:</p>'
        '<div class="card specimen"><header><span class="number">1</span><p class="name">Title of the text</p></header>'
        '<span class="heading">Heading › above the quote</span><span class="where">folder/file.md · line 12</span>'
        '<p class="passage">Its whole paragraph, so that you see what comes before. <mark>The quote is marked where it '
        "stands.</mark> And what comes after it.</p></div><dl>"
        "<dt>Exact</dt><dd>Every answer is cut out of the texts, character for character. "
        "Nothing is reworded, nothing is made up.</dd>"
        "<dt>In its place</dt><dd>Each quote names its file, heading and page or line, and opens there.</dd>"
        "<dt>Or not at all</dt><dd>What the texts do not answer is said so, with the nearest passages.</dd>"
        "</dl></section>"
    )


def _sources_html(turn: Turn, *, shown: bool) -> str:
    nearest = turn.answer.abstention.nearest if turn.answer and turn.answer.abstention else ()
    quotes = turn.answer.quotes if turn.answer else ()
    cards = "".join(_card_html(turn, number, quotes) for number in range(1, len(quotes) + 1))
    folded = "".join(_folded_html(quote, NEAREST, standing_html(turn, at)) for at, quote in enumerate(nearest, 1))
    empty = "" if cards or folded else '<p class="empty">No passages to show for this question.</p>'
    title = "Nearest passages" if nearest else "Sources"
    hidden = "" if shown else " hidden"
    named = f"sources-title-{turn.number}"
    return (
        f'<section class="sources" id="sources-{turn.number}" data-turn="{turn.number}" tabindex="-1"'
        f' aria-labelledby="{named}"{hidden}><header><h2 id="{named}">{title}</h2>'
        f'<p class="for" dir="auto">{safe(turn.question)}</p></header>'
        f"{cards}{folded}{empty}{_further_html(turn.answer, [*quotes, *nearest])}</section>"
    )


def _card_html(turn: Turn, number: int, quotes: Sequence[Quote]) -> str:
    quote, name = quotes[number - 1], f"{turn.number}-{number}"
    passage = quote.evidence.passage
    text = prose_html(passage.text, [(quote.evidence.start - passage.start, quote.evidence.end - passage.start, "")])
    around = address_of(passage.root, quote.source, [Place.of(passage.start, passage.text)])
    back = f'<a class="back cited" href="#quote-{name}">Back to the answer</a>'
    return (
        f'<article class="card" id="card-{name}" tabindex="-1" aria-labelledby="title-{name}">'
        f'<header><span class="number" aria-hidden="true">{number}</span>'
        f'<h3 id="title-{name}"><span class="unseen">{number}: </span>'
        f"<bdi>{safe(quote.title)}</bdi></h3></header>{_origin_html(quote)}{standing_html(turn, number)}"
        f'<div class="around" data-place="{around}">{_around_html("before", passage.start)}'
        f'<blockquote class="passage" dir="auto">{text}</blockquote>{_around_html("after", passage.end)}</div>'
        f"{_actions_html(quote, quotes, back)}</article>"
    )


def _around_html(side: Side, at: int) -> str:
    arrow = "↑" if side == "before" else "↓"
    return (
        f'<button type="button" class="more" data-side="{side}" data-at="{at}">'
        f'<span aria-hidden="true">{arrow}</span> Paragraph {side}</button>'
    )


def _further_html(answer: Answer | None, told: Sequence[Quote]) -> str:
    """Return the fold that asks for further passages when it is opened."""
    if answer is None or not told:
        return ""
    values = [("question", answer.question), *(("but", quote.evidence.passage.id) for quote in told)]
    return (
        f'<details class="further" data-query="{safe(urlencode(values, errors="surrogatepass"))}">'
        "<summary>Further passages, not quoted</summary><div></div></details>"
    )


def _folded_html(quote: Quote, tag: str, standing: str = "") -> str:
    return (
        f'<details class="card nearest"><summary><span class="tag">{tag}</span>'
        f'<span class="title"><bdi>{safe(quote.title)}</bdi></span>{_origin_html(quote)}</summary>{standing}'
        f'<blockquote class="passage" dir="auto">{prose_html(quote.evidence.passage.text)}</blockquote>'
        f"{_actions_html(quote, [quote])}</details>"
    )


def _origin_html(quote: Quote) -> str:
    """Return heading, file, page and line, in phrasing elements only: it also stands in a summary."""
    above = heading_words(quote.evidence.passage.heading, quote.title)
    heading = f'<span class="heading" dir="auto">{safe(above)}</span>' if above else ""
    note = FILE_NOTES.get(quote.file)
    state = f'<span class="state">{note[:1].upper()}{note[1:]}.</span>' if note else ""
    file = f'<bdi class="file" title="{safe(quote.evidence.passage.root)}">{safe(quote.source)}</bdi>'
    place = " · ".join(filter(None, (file, place_words(quote.page, quote.line))))
    return f'{heading}<span class="where">{place}</span>{state}'


def _actions_html(quote: Quote, quotes: Sequence[Quote], back: str = "") -> str:
    """Return what can be done with a quote; its source opens with all `quotes` from it marked, at this one."""
    root, source = place = quote.evidence.passage.place
    beside = [each for each in quotes if each is not quote and each.evidence.passage.place == place]
    places = [Place.of(each.evidence.start, each.text) for each in (quote, *beside)]
    opener = opener_html(root, source, places, title=quote.title)
    return f"<footer>{opener}{_check_html(quote)}{link_html(quote.url, quote.text)}{back}</footer>"


def _check_html(quote: Quote) -> str:
    """Return, of a file that is no longer what was ingested, the way to ingest it again."""
    return "" if quote.file is FileState.SAME else '<button type="button" class="check">Check for changes</button>'
