"""Every package that comes along at run time is listed, and none has a licence that would bind this program."""

import re

import pytest

from tests.bench.licenses import TABLE, Row, rows

PERMITTED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "LicenseRef-Public-Domain",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-1.1",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
"""Permissive licences, and those whose copyleft ends at their own files."""


def permitted(expression: str) -> bool:
    """Return whether an SPDX expression can be met with permitted licences alone."""
    inner = re.search(r"\(([^()]*)\)", expression)
    if inner is not None:
        outcome = "MIT" if permitted(inner[1]) else "no"
        return permitted(expression[: inner.start()] + outcome + expression[inner.end() :])
    return any(all(name in PERMITTED for name in each.split(" AND ")) for each in expression.split(" OR "))


@pytest.mark.parametrize(
    ("expression", "is_permitted"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("", False),
        ("MIT AND GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("MPL-2.0 AND (GPL-2.0-only OR GPL-3.0-only)", False),
        ("GPL-3.0-only OR MIT AND (GPL-2.0-only OR ISC)", True),
    ],
)
def test_expressions(expression: str, is_permitted: bool) -> None:
    assert permitted(expression) == is_permitted


def test_every_dependency_is_listed_and_permitted() -> None:
    """After a change of the dependencies, run `make licenses`."""
    lines = re.findall(r"^\| (\S+) \| (\S+) \| (.*) \|$", TABLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    listed = {Row(*line) for line in lines}
    installed = rows()
    assert len(installed) > 100
    assert [row for row in installed if row not in listed] == []
    assert [row for row in installed if not permitted(row.licence)] == []
