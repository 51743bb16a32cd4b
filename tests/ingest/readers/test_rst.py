from collections.abc import Callable

import pytest

from ingest.readers.markup import rst
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]

PAGE = """
Ferry
=====

:Author: Eve Ash

The *ferry* runs on ``weekdays``, see `the plan <https://e.org>`_ and [1]_.
It carries 10\\ :sup:`6` grains of H\\ :sub:`2`\\ O.

Fares
-----

.. warning:: No dogs.

* One.

  More.

  #. Nested.

.. list-table:: Prices
   :header-rows: 1

   * - Who
     - Fare
   * - Adults. All.
     - 3 euros
   * - Dogs
     -

+-------+------+
| Age   | Fare |
+=======+======+
| Child | 1    |
+       +------+
|       | 2    |
+-------+------+

pier
  Where it lands.

-v  more words

.. code-block:: python

   print("x")

::

   as it is

| First line
| second line

.. [1] A note.

.. comment
"""


def quotes(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_a_page(read_as: ReadAs) -> None:
    document = read_as("a.rst", PAGE)
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Ferry"), (2, "Fares")]
    assert quotes(document) == [
        ("item", "Author: Eve Ash"),
        ("paragraph", "The ferry runs on weekdays, see the plan and [1]. It carries 10⁶ grains of H₂O."),
        ("paragraph", "Warning: No dogs."),
        ("item", "One."),
        ("item", "More."),
        ("item", "Nested."),
        ("paragraph", "Prices"),
        ("row", "Who: Adults. All. | Fare: 3 euros"),
        ("row", "Who: Dogs"),
        ("row", "Age: Child | Fare: 1"),
        ("row", "Age: Child | Fare: 2"),
        ("item", "pier: Where it lands."),
        ("item", "-v: more words"),
        ("code", 'print("x")'),
        ("code", "as it is"),
        ("paragraph", "First line\nsecond line"),
        ("paragraph", "[1] A note."),
    ]
    assert (document.title, document.verbatim, document.note) == ("Ferry", False, "")


def test_directives_and_roles_of_sphinx_keep_their_text(read_as: ReadAs) -> None:
    source = (
        ".. toctree::\n\n   other\n\nUse :func:`~a.b.row` or :doc:`the book <book>`, not :py:class:`!Sail`.\n\n"
        ".. versionadded:: 3.2\n   Oars.\n\n.. py:function:: pull(rope)\n   :module: boat\n\n   Pulls it.\n"
    )
    assert [text for _, text in quotes(read_as("a.rst", source))] == [
        "Use row or the book, not Sail.",
        "New in version 3.2: Oars.",
        "pull(rope)",
        "Pulls it.",
    ]


def test_the_entries_of_a_table_of_contents_are_the_text_of_a_file_that_has_no_other(read_as: ReadAs) -> None:
    tree = ".. toctree::\n   :maxdepth: 2\n   :caption: All\n\n   The tides <sea/tides>\n   sea/locks\n"
    document = read_as("a.rst", f"Harbour\n=======\n\n{tree}\n.. toctree::\n\n   /fares\n")
    assert quotes(document) == [("item", "The tides"), ("item", "sea/locks"), ("item", "/fares")]
    assert document.title == "Harbour"
    assert quotes(read_as("a.rst", f"{tree}\nMore.\n")) == [("paragraph", "More.")]


@pytest.mark.parametrize(
    "directive", ["include:: /etc/hosts", "raw:: html\n   :file: /etc/hosts", "csv-table::\n   :file: /etc/hosts"]
)
def test_no_file_is_read(read_as: ReadAs, directive: str) -> None:
    assert quotes(read_as("a.rst", f"Text.\n\n.. {directive}\n\nEnd.\n")) == [
        ("paragraph", "Text."),
        ("paragraph", "End."),
    ]


def test_markup_that_is_not_valid_costs_no_text(read_as: ReadAs) -> None:
    table = "====  ====\na     b\nc  d  e\n====  ===="
    source = f"One\n===\n\nText `here.\n\nTwo\n---\n\nA\n~\n\nThree\n...\n\n{table}\n\nEnd.\n"
    document = read_as("a.rst", source)
    for word in ("One", "Text `here.", "Two", "Three", "c d", "End."):
        assert word in document.text


@pytest.mark.slow
def test_what_is_nested_too_deeply_is_read_as_text() -> None:
    source = "\n".join(" " * level + "deep" for level in range(0, 1_500)) + "\n\nEnd."
    document = rst.read(source.encode(), "a.rst")
    assert document.text.endswith("End.")
    assert document.note == "its markup could not be parsed and is part of the text"


def test_boxes_pictures_and_what_is_not_parsed(read_as: ReadAs) -> None:
    source = (
        ".. note::\n\n   ::\n\n      x = 1\n\n.. |logo| image:: logo.png\n\n|logo|\n\n"
        ".. topic:: Hours\n\n   Nine to six.\n\n.. contents:: Inside\n\n:Author:\n:Status: new\n\n+---+\n| a |\n+--\n\n"
        "Ferry\n=====\n\nText.\n"
    )
    assert quotes(read_as("a.rst", source)) == [
        ("paragraph", "Note:"),
        ("code", "x = 1"),
        ("paragraph", "Hours"),
        ("paragraph", "Nine to six."),
        ("item", "Author:"),
        ("item", "Status: new"),
        ("code", "+---+\n| a |\n+--"),
        ("paragraph", "Text."),
    ]


def test_directives_of_sphinx_with_code_and_without_text(read_as: ReadAs) -> None:
    source = (
        ".. prompt:: bash\n\n   $ ls\n\n.. versionadded:: 3.2\n\n.. deprecated:: 4.0\n\n   ::\n\n      row()\n\n"
        ".. centered:: *Some* words\n"
    )
    assert quotes(read_as("a.rst", source)) == [
        ("code", "$ ls"),
        ("paragraph", "New in version 3.2:"),
        ("paragraph", "Deprecated since version 4.0:"),
        ("code", "row()"),
        ("paragraph", "Some words"),
    ]
