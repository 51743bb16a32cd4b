"""Reports of a run: a self-contained HTML file for people, JUnit XML for build servers."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from assistant.evaluation.compare import Comparison
from assistant.evaluation.judge import Judgement
from assistant.evaluation.measures import Scores
from assistant.evaluation.plots import JUDGED, TEMPLATES, css_class, risk_against_coverage, risk_plot, tag_plot
from ingest.errors import ResultsInvalid

NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_report(
    path: Path,
    judgements: Sequence[Judgement],
    scores: Scores,
    *,
    name: str,
    missing: int = 0,
    comparison: Comparison | None = None,
    earlier_name: str = "",
    unmet: Sequence[str] = (),
) -> None:
    """Write a run as one HTML file: measures, plots, comparison, every failing prompt and every incomplete answer.

    The file loads nothing, runs nothing, and escapes all text.

    Args:
        path: the file to write.
        judgements: the judged replies.
        scores: the measures of these judgements.
        name: the name of the prompts, for the heading.
        missing: the number of prompts without a result.
        comparison: the comparison with an earlier run, if any.
        earlier_name: the name of that run.
        unmet: the demands that are not met, a sentence each.

    Raises:
        ResultsInvalid: the file cannot be written.
    """
    counts = Counter(each.outcome for each in judgements)
    times = [each.result.milliseconds for each in judgements if each.result.milliseconds is not None]
    points = risk_against_coverage(judgements)
    html = TEMPLATES.get_template("report.html").render(
        name=name,
        missing=missing,
        judgements=judgements,
        median_milliseconds=median(times) if times else None,
        outcomes=[(outcome, counts[outcome]) for outcome in JUDGED],
        tag_plot=tag_plot(judgements) if any(counts[outcome] for outcome in JUDGED) else "",
        risk_plot=risk_plot(points) if points else "",
        scores=scores,
        comparison=comparison,
        earlier_name=earlier_name,
        unmet=unmet,
        failing=[each for each in judgements if each.outcome.wrong],
        incomplete=[each for each in judgements if each.outcome.right and not each.complete],
        css_class=css_class,
    )
    _write(path, html.encode("utf-8", "xmlcharrefreplace"))


def write_junit(path: Path, judgements: Sequence[Judgement], *, name: str, unmet: Sequence[str] = ()) -> None:
    """Write a run as JUnit XML: one case per prompt, and one per demand that is not met.

    Prompts for which only the ranking is measured are skipped cases.

    Raises:
        ResultsInvalid: the file cannot be written.
    """
    failures = sum(each.outcome.wrong for each in judgements) + len(unmet)
    skipped = sum(not each.outcome.wrong and not each.outcome.right for each in judgements)
    seconds = sum(each.result.milliseconds or 0 for each in judgements) / 1_000
    totals = {"tests": len(judgements) + len(unmet), "failures": failures, "errors": 0, "skipped": skipped}
    counts = {key: str(value) for key, value in totals.items()} | {"time": f"{seconds:.3f}"}
    root = Element("testsuites", counts)
    suite = SubElement(root, "testsuite", {"name": _xml(name), **counts})
    for each in judgements:
        _add_case(suite, each)
    for line in unmet:
        case = SubElement(
            suite, "testcase", {"classname": "fail-under", "name": _xml(line.split(" ", 1)[0]), "time": "0"}
        )
        SubElement(case, "failure", {"message": _xml(line)})
    _write(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _add_case(suite: Element, judgement: Judgement) -> None:
    prompt, result = judgement.prompt, judgement.result
    time = f"{(result.milliseconds or 0) / 1_000:.3f}"
    case = SubElement(suite, "testcase", {"classname": "prompts", "name": _xml(prompt.id), "time": time})
    if judgement.outcome.wrong:
        failure = SubElement(case, "failure", {"message": _xml(f"{judgement.outcome}: {prompt.question}")})
        failure.text = _xml(f"expected: {_expected(judgement)}\nquoted: {_quoted(judgement)}")
    elif not judgement.outcome.right:
        SubElement(case, "skipped", {"message": "only the ranking is measured"})


def _expected(judgement: Judgement) -> str:
    prompt = judgement.prompt
    if prompt.unanswerable:
        return "an abstention"
    if prompt.answers:
        return "a quote that contains " + " or ".join(repr(answer) for answer in prompt.answers)
    if prompt.passages:
        return "a quote from " + " or ".join(repr(passage) for passage in prompt.passages)
    return "quotes that contain " + " and ".join(repr(need) for need in prompt.needs)


def _quoted(judgement: Judgement) -> str:
    if judgement.result.abstained:
        return "nothing (uncertain)" if judgement.result.uncertain else "nothing (abstained)"
    return "\n".join(f"{quote.source}: {quote.text}" for quote in judgement.result.quotes) or "nothing"


def _xml(text: str) -> str:
    """Replace characters that XML does not allow by escapes."""
    return NOT_IN_XML.sub(lambda found: repr(found[0])[1:-1], text)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ResultsInvalid(f"cannot be written: {error.strerror}", str(path), "choose another file") from error
