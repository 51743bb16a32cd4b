import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.errors import SourceUnreadable
from ingest.readers.markup import markdown
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def spans(document: Document) -> list[tuple[int, int]]:
    return [(block.start, block.end) for block in document.blocks]


def quotes(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


def test_headings_and_paragraphs(read_as: ReadAs) -> None:
    document = read_as("a.md", "# Hip *pain*\n\nRest\nhelps.\n\nSetext `two`\n---\nWalk.\n")
    assert [(h.level, h.title, h.start, h.end) for h in document.headings] == [
        (1, "Hip pain", 0, 12),
        (2, "Setext two", 27, 43),
    ]
    assert spans(document) == [(14, 25), (44, 49)]
    assert quotes(document) == ["Rest\nhelps.", "Walk."]
    assert document.title == "Hip pain"
    assert document.verbatim
    assert not any(block.apart for block in document.blocks)


def test_a_heading_loses_its_markup(read_as: ReadAs) -> None:
    source = "## The *[cat][c]* & `x_y`, ![a bone](b.png) &amp; <b>bold</b> \\* ##\n\nText.\n\n[c]: https://e.org\n"
    assert headings(read_as("a.md", source)) == [(2, "The cat & x_y, a bone & bold *")]


def test_a_heading_with_long_addresses_loses_them(read_as: ReadAs) -> None:
    badges = " ".join(f"![{name}](https://example.org/badge/{'x' * 150}?logo={name})" for name in ("Ubuntu", "Mint"))
    assert headings(read_as("a.md", f"### [apt](https://example.org/apt) {badges} {{#apt}}\n\nRun it.\n")) == [
        (3, "apt Ubuntu Mint")
    ]


def test_list_items_start_after_their_markers(read_as: ReadAs) -> None:
    document = read_as("a.md", "- one\n  more\n  - inner\n\n    second\n* [ ] task\n\n10) ten\n1. - both\n")
    assert quotes(document) == ["one\n  more", "inner", "second", "[ ] task", "ten", "both"]
    assert spans(document)[0] == (2, 12)


def test_quoted_paragraphs_start_after_the_mark(read_as: ReadAs) -> None:
    document = read_as("a.md", "> one\n> two\nlazy\n>\n> - item\n> > deep\n")
    assert quotes(document) == ["one\n> two\nlazy", "item", "deep"]


def test_table_rows_are_blocks_except_the_delimiter_row(read_as: ReadAs) -> None:
    source = "| Drug | Dose |\n|---|:-:|\n| a \\| b | 1 |\n| c | 2 |\n\n> | x | y |\n> |---|---|\n> | 1 | 2 |\n"
    document = read_as("a.md", source)
    assert quotes(document) == [
        "| Drug | Dose |",
        "| a \\| b | 1 |",
        "| c | 2 |",
        "| x | y |",
        "| 1 | 2 |",
    ]


def test_code_is_one_block_without_its_fences(read_as: ReadAs) -> None:
    source = "```python\n\na = 1\n\n  b\n```\n\n    indented\n      code\n\n- ~~~\n  in list\n  ~~~\n\n```\nopen\n"
    assert quotes(read_as("a.md", source)) == ["a = 1\n\n  b", "indented\n      code", "in list", "open"]


def test_indented_prose_is_read_as_prose(read_as: ReadAs) -> None:
    """Converters of word processors indent paragraphs that belong to no list."""
    source = (
        "# Guide\n\n        Drink **plenty** of water. See [the leaflet](https://example.org/a?b=1;c).\n\n\n"
        "        Call us if:\n\n        - You feel faint\n        - You have a fever\n\n"
        "* Rest\n\n        Sit down for a while. Then walk.\n\nIt says:\n\n"
        '    Traceback (most recent call last):\n      File "x.py", line 3, in f\n    ValueError: Nothing was read\n'
    )
    document = read_as("a.md", source)
    assert [(block.kind, document.text[block.start : block.end]) for block in document.blocks] == [
        ("paragraph", "Drink **plenty** of water. See [the leaflet](https://example.org/a?b=1;c)."),
        ("paragraph", "Call us if:"),
        ("item", "- You feel faint"),
        ("item", "- You have a fever"),
        ("item", "Rest"),
        ("paragraph", "Sit down for a while. Then walk."),
        ("paragraph", "It says:"),
        (
            "code",
            'Traceback (most recent call last):\n      File "x.py", line 3, in f\n    ValueError: Nothing was read',
        ),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "    ServerName example\n    DocumentRoot pages\n    KeepAlive on",
        "    Hello World",
        "    Plug one/two\n    Plug three/four",
        "    name: the project\n    Owner: somebody else",
    ],
)
def test_settings_commands_and_output_are_code(read_as: ReadAs, code: str) -> None:
    (_, block) = read_as("a.md", f"Write this:\n\n{code}\n").blocks
    assert block.kind == "code"


def test_an_item_of_indented_prose_has_no_mark(read_as: ReadAs) -> None:
    document = read_as("a.md", "-     Drink plenty of water at home. Then rest.\n- Walk\n")
    assert quotes(document) == ["Drink plenty of water at home. Then rest.", "Walk"]


@pytest.mark.parametrize(
    ("before", "after"), [("    a = 1;", "    b = 2;"), ("<pre>a", "b</pre>"), ("    a = 1;", "Text.")]
)
def test_a_table_after_code_is_no_part_of_it(read_as: ReadAs, before: str, after: str) -> None:
    """The parser takes the table's place for blank lines, which such blocks go on after."""
    table = "<table><tr><th>Drug</th><th>Dose</th></tr><tr><td>A</td><td>5 mg</td></tr></table>"
    found = quotes(read_as("a.md", f"Text.\n\n{before}\n\n{table}\n\n{after}\n"))
    assert [each.strip() for each in found if "|" in each] == ["Drug: A | Dose: 5 mg"]
    assert len(found) == 4


def test_an_empty_fence_is_not_a_block(read_as: ReadAs) -> None:
    assert quotes(read_as("a.md", "```\n```\n\n> ```\n>\n> ```\n\nText")) == ["Text"]


def test_html_blocks_keep_only_visible_text(read_as: ReadAs) -> None:
    source = (
        "<!-- hidden\n\nstill -->\n\n<div align='x'>\n<p>Shown <b>text</b>.</p>\n</div>\n\n<hr>\n\n"
        "<div>&nbsp;</div>\n\n<script>\nvar a;\n</script>\n\n<!-- a --> after <!-- b --> more\n"
    )
    assert quotes(read_as("a.md", source)) == ["Shown <b>text</b>.", "after", "more"]


def test_link_definitions_and_thematic_breaks_are_not_blocks(read_as: ReadAs) -> None:
    document = read_as("a.md", "One [a].\n\n[a]: https://e.org\n  'T'\n[a]: https://f.org\n\n***\n\nTwo.\n\nThree.\n")
    assert quotes(document) == ["One [a].", "Two.", "Three."]
    assert [block.apart for block in document.blocks] == [False, True, False]


def test_equal_paragraphs_keep_their_own_spans(read_as: ReadAs) -> None:
    assert spans(read_as("a.md", "Same.\n\n- Same.\n\n> Same.\n")) == [(0, 5), (9, 14), (18, 23)]


def test_offsets_match_the_file_with_crlf_bom_and_emoji(tmp_path: Path, read_as: ReadAs) -> None:
    document = read_as("a.md", "\ufeff# Hüfte 🦴\r\n\r\n- Öl\r\n\r\n> Übung\r\n".encode())
    own = Path(tmp_path / "a.md").read_text(encoding="utf-8")
    assert document.text == own == "\ufeff# Hüfte 🦴\n\n- Öl\n\n> Übung\n"
    assert [(h.title, h.start, h.end) for h in document.headings] == [("Hüfte 🦴", 1, 10)]
    assert spans(document) == [(14, 16), (20, 25)]


def test_a_bom_is_outside_the_blocks(read_as: ReadAs) -> None:
    assert spans(read_as("a.md", "\ufeffText")) == [(1, 5)]


def test_front_matter_gives_title_and_address(read_as: ReadAs) -> None:
    source = "---\ntitle: 'Hip: pain'\ndate: 2024-99-99\nurl: https://e.org/a\n---\n# Other\n\nText.\n"
    document = read_as("a.md", source)
    assert (document.title, document.url) == ("Hip: pain", "https://e.org/a")
    assert spans(document) == [(74, 79)]
    assert document.line(74) == 8


def test_front_matter_after_a_bom_and_with_crlf(read_as: ReadAs) -> None:
    document = read_as("a.md", "\ufeff---\r\ntitle: 2024\r\n---\r\nText.\r\n".encode())
    assert (document.title, quotes(document)) == ("2024", ["Text."])


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "'https://e.org/ x'", "[a]", "''"])
def test_only_web_addresses_are_links(read_as: ReadAs, address: str) -> None:
    assert read_as("a.md", f"---\nurl: {address}\n---\nText").url is None


@pytest.mark.parametrize("title", ["", "[a]", "'  '"])
def test_the_first_top_heading_replaces_an_unusable_title(read_as: ReadAs, title: str | None) -> None:
    assert read_as("a.md", f"---\ntitle: {title}\n---\n## Sub\n\n# Top\n\nText").title == "Top"
    assert read_as("hip_pain-2.md", f"---\ntitle: {title}\n---\n## Sub\n\nText").title == "hip pain 2"


def test_empty_front_matter(read_as: ReadAs) -> None:
    assert quotes(read_as("a.md", "---\n---\nText")) == ["Text"]
    assert quotes(read_as("a.md", "---\n# a comment\n---\nText")) == ["Text"]


@pytest.mark.parametrize("source", ["---\n\nText\n", "---\n\nText: x\n\n---\n", "---\n", "--- \nText"])
def test_a_thematic_break_at_the_start_is_not_front_matter(read_as: ReadAs, refused: Refused, source: str) -> None:
    if source == "---\n":
        assert refused("a.md", source).what == "contains no text to quote"
    else:
        assert quotes(read_as("a.md", source))[0].startswith("Text")


@pytest.mark.parametrize(
    ("matter", "note"),
    [
        ("a: b c\ntitle: 'x\nc: d", "YAML (line "),
        ("a: b c\nc: [1", "YAML (line "),
        ("a: b c\n\tc: d", "YAML (line 3: "),
        ("a: b c\nc: \x07", "YAML (line 3: special characters are not allowed"),
        ("a: b c\nd: *b", "YAML (line 3: names for repetition (&name, *name) are not"),
        ("a: b c\nd: " + "[" * 5000, "YAML"),
    ],
)
def test_front_matter_that_is_not_valid_is_read_by_line(read_as: ReadAs, matter: str, note: str) -> None:
    document = read_as("a.md", f"---\n{matter}\n---\nText")
    assert document.note.startswith(f"its front matter is not valid {note}")
    assert document.note.endswith("and was read line by line")
    assert (quotes(document)[0], quotes(document)[-1]) == ("a: b c", "Text")


def test_front_matter_that_is_not_valid_still_has_a_title(read_as: ReadAs) -> None:
    document = read_as("a.md", "---\ntitle: Minutes: the first\nwho: [[Eve]], [[Tom]]\nid: <% x %>\n---\nText.\n")
    assert (document.title, quotes(document)) == (
        "Minutes: the first",
        ["who: [[Eve]], [[Tom]]", "id: <% x %>", "Text."],
    )


@pytest.mark.parametrize("matter", ["just words", "- a\n- b", "[" * 5000])
def test_what_is_not_fields_is_no_front_matter(read_as: ReadAs, matter: str) -> None:
    document = read_as("a.md", f"---\n{matter}\n---\nText")
    assert matter.split("\n")[0][2:] in document.text[: document.blocks[-1].start]
    assert (quotes(document)[-1], document.note) == ("Text", "")


def test_the_fields_of_front_matter_are_quoted_as_they_stand(read_as: ReadAs) -> None:
    source = (
        "---\ntitle: Rowing\nquestion: 'Who may row?'\ndescription: >\n  Rules of\n  the club.\ntags: [boat, oar]\n"
        "layout: post\ndraft: true\ndate: 2024-01-02\nlink: https://e.org/a b\nauthor: Eve\n"
        "extra:\n  answer: Members.\nsummary:\n  - First one.\n  - Second one.\nlang: en-GB\n---\nText.\n"
    )
    document = read_as("a.md", source)
    assert quotes(document) == [
        "Who may row?",
        "Rules of\n  the club.",
        "tags: [boat, oar]",
        "author: Eve",
        "Members.",
        "First one.",
        "Second one.",
        "Text.",
    ]
    assert [block.apart for block in document.blocks] == [False] * 7 + [True]
    assert (document.title, document.language) == ("Rowing", "en")


def test_a_field_that_the_text_says_again_is_read_once(read_as: ReadAs) -> None:
    source = (
        "---\nsummary: Rest helps a sore back.\ndescription: Rest\nintro: Who should rest, and when.\n---\n"
        "# Rest\n\n*Rest* helps a sore\nback. Walk soon.\n"
    )
    assert quotes(read_as("a.md", source)) == ["Who should rest, and when.", "*Rest* helps a sore\nback. Walk soon."]


def test_front_matter_in_toml(read_as: ReadAs) -> None:
    source = (
        '+++\ntitle = "Punts"\ndate = 2024-05-01\ndescription = """\nA punt\nis flat."""\nkeywords = ["pole", "flat"]\n'
        "weight = 3\nlayout = 'wide'\nby = 'Eve Ash'\n+++\nText.\n"
    )
    document = read_as("a.md", source)
    assert quotes(document) == ["A punt\nis flat.", 'keywords = ["pole", "flat"]', "by = 'Eve Ash'", "Text."]
    assert document.title == "Punts"
    broken = read_as("b.md", "+++\ntitle = Punts\n+++\nText.\n")
    assert (broken.title, quotes(broken)) == ("Punts", ["Text."])
    assert broken.note.startswith("its front matter is not valid TOML (")


def test_the_marks_of_obsidian_are_left_out(read_as: ReadAs) -> None:
    source = (
        "# On [[shed|the shed]]\n\nThe lamp is in the shed. ^lamp1\n\n%% not for others %%\n\nIt %% hm %% works.\n\n"
        "%%\nseveral\n\nlines\n%%\n\n![[lamp.png]]\n\n> [!tip]- Oil\n> Use oil.\n\n"
        "- old ![[old.png]]\n- new ^a1b\n\n"
        "Give 100%% of 5%% oil.\n\nAn area in m ^2\n\n`%% code %%` and ```\n\n```\n%% kept %%\n![[kept]]\n```\n"
    )
    document = read_as("a.md", source)
    assert quotes(document) == [
        "The lamp is in the shed.",
        "It",
        "works.",
        "Oil\n> Use oil.",
        "old",
        "new",
        "Give 100%% of 5%% oil.",
        "An area in m ^2",
        "`%% code %%` and ```",
        "%% kept %%\n![[kept]]",
    ]
    assert headings(document) == [(1, "On the shed")]


def test_notes_and_tabs_are_read_as_blocks(read_as: ReadAs) -> None:
    source = (
        "Lift it so:\n!!! warning\n    Not with a bent back.\n\n    - Bend your knees.\n    - Keep it near.\n\n"
        '??? note "If it is heavy"\n\n\n        lift(2)\n\n    Ask for help.\nAfter it.\n\n'
        '1. Unlock.\n\n    === "By key"\n\n        Turn it.\n\n        ```\n        turn()\n        ```\n\n'
        '    === "By card"\n\n        Hold it.\n\n2. Open.\n\n> !!! tip inline end "Wet?"\n>\n>     Dry it.\n\n'
        "!!! tip\nIt has no text.\n\n=== no name\n    Text.\n\n    !!! code\n        is no note\n"
    )
    document = read_as("a.md", source)
    assert [(block.kind, quote) for block, quote in zip(document.blocks, quotes(document), strict=True)] == [
        ("paragraph", "Lift it so:"),
        ("paragraph", "Not with a bent back."),
        ("item", "Bend your knees."),
        ("item", "Keep it near."),
        ("paragraph", "If it is heavy"),
        ("code", "lift(2)"),
        ("paragraph", "Ask for help."),
        ("paragraph", "After it."),
        ("item", "Unlock."),
        ("item", "By key"),
        ("item", "Turn it."),
        ("code", "turn()"),
        ("item", "By card"),
        ("item", "Hold it."),
        ("item", "Open."),
        ("paragraph", "Wet?"),
        ("paragraph", "Dry it."),
        ("paragraph", "!!! tip\nIt has no text."),
        ("paragraph", "=== no name\n    Text."),
        ("code", "!!! code\n        is no note"),
    ]


def test_the_marks_of_notes_between_colons_are_left_out(read_as: ReadAs) -> None:
    source = ":::tip Oil\n\nUse oil.\n\n:::\n\n::: {.callout-note}\nAnd water.\n:::\n\nAt 10:::30.\n\n```\n:::\n```\n"
    assert quotes(read_as("a.md", source)) == ["Oil", "Use oil.", "And water.", "At 10:::30.", ":::"]


def test_mdx_is_read_without_its_code(read_as: ReadAs) -> None:
    source = (
        "import {Box} from './box'\nexport const a = {\n  b: 1,\n\n  c: 2,\n}\n\n# Bus\n\n"
        "<Box>No bus on Sundays.</Box>\n\n"
        '<Card title="The fare" icon={<I a="b" />}>\n  Two euros.\n</Card>\n\n{/* hidden */}\n\n{props.x}\n\n'
        "Up to <Max and <Key>all</Key>.<!-- a --><!-- b --> Or\n\n"
        "Press <Key>Stop</Key> now.\n\nimportant: 1 < 2\n\n```js\nimport x\n<Box>\n```\n"
    )
    document = read_as("a.mdx", source)
    assert quotes(document) == [
        "No bus on Sundays.",
        "The fare",
        "Two euros.",
        "Up to <Max and <Key>all</Key>.",
        "Or",
        "Press <Key>Stop</Key> now.",
        "important: 1 < 2",
        "import x\n<Box>",
    ]


def test_template_tags_are_left_out_at_the_ends_of_lines(read_as: ReadAs) -> None:
    source = (
        "{% if a %}\nShown.\n{% endif %}\n\n{{< note >}}\nA note.\n{{< /note >}}\n\n"
        "{% comment %}\nno\n{% endcomment %}\n\n"
        "{{ toc }}\n\nIt costs {{ price }}\n\n## Head {#head}\n\nText.\n{: .wide}\n\n`{% raw %}`\n"
    )
    document = read_as("a.md", source)
    assert quotes(document) == ["Shown.", "A note.", "It costs {{ price }}", "Text.", "`{% raw %}`"]
    assert headings(document) == [(2, "Head")]


def test_html_tables_are_rows(read_as: ReadAs) -> None:
    source = (
        "<table>\n<caption>Stock</caption>\n<tr><th>Thing</th><th>Count</th></tr>\n<tr>\n"
        "<td>Rope. Long.</td>\n<td></td><td>2</td></tr></table>\n\n<details><summary>What else?</summary>\n<p>Oars.</p>"
        "<ul><li>One <b>old</b></li></ul></details>\n"
    )
    document = read_as("a.md", source)
    assert quotes(document) == [
        "Stock",
        "Thing: Rope. Long. | 2",
        "What else?",
        "Oars.",
        "One <b>old</b>",
    ]
    assert [block.kind for block in document.blocks] == ["paragraph", "row", "paragraph", "paragraph", "item"]
    assert not document.verbatim


def test_html_tables_have_their_merged_cells_in_every_row(read_as: ReadAs) -> None:
    source = (
        "# Doses\n\nBefore.\n<table>\n<tr><th rowspan=2>Group</th><th colspan=2>Dose</th></tr>\n"
        "<tr><th>Day</th><th>Night</th></tr>\n<tr><td rowspan=2>Adults</td><td></td><td>10 mg</td></tr>\n"
        "<tr><td>10<sup>6</sup> cells</td><td>5 mg</td></tr></table>\n\nAfter.\n"
    )
    document = read_as("a.md", source)
    assert quotes(document) == [
        "Before.",
        "Group: Adults | Dose › Night: 10 mg",
        "Group: Adults | Dose › Day: 10⁶ cells | Dose › Night: 5 mg",
        "After.",
    ]
    assert headings(document) == [(1, "Doses")]


@pytest.mark.parametrize(
    "source",
    [
        "```html\n<table><tr><td>a</td><td>b</td></tr></table>\n```\n",
        "Write `<table>` and `</table>` around the rows.\n",
        "<!-- <table><tr><td>a</td><td>b</td></tr></table> -->\nText\n",
        "    <table><tr><td>a</td><td>b</td></tr></table>\n",
        "<table><tr><td>a</td><td>b</td></tr>\n",
        "<table><tr><td>Text in a frame.</td></tr></table>\n",
    ],
)
def test_what_is_no_html_table_stays_as_it_is(read_as: ReadAs, source: str) -> None:
    document = read_as("a.md", source)
    assert document.text == source
    assert document.verbatim


def test_footnotes_are_text(read_as: ReadAs) -> None:
    source = "A claim.[^1]\n\n[^1]: source\n[^b]: A longer note.\n\n[r]: /x\n"
    assert quotes(read_as("a.md", source)) == ["A claim.[^1]", "[^1]: source", "[^b]: A longer note."]


def test_each_block_says_what_it_is(read_as: ReadAs) -> None:
    document = read_as("a.md", "Text.\n\n- a\n\n  b\n\n> - c\n\n|d|e|\n|-|-|\n|f. G|h|\n\n```\ni\n```\n\n    j\n")
    kinds = ["paragraph", "item", "item", "item", "row", "row", "code", "code"]
    assert [block.kind for block in document.blocks] == kinds


PARTS = ["a", "é", "1", ".", " ", "\\|", "10<sup>6</sup>", "`x`", "%%", "{{ y }}"]
CELL = st.lists(st.sampled_from(PARTS), max_size=4).map("".join)


@pytest.mark.slow
@settings(deadline=None)
@given(st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1)))
def test_a_table_row_is_its_line_with_every_cell_in_its_place(rows: list[list[str]]) -> None:
    lines = ["|" + "|".join(row) + "|" for row in rows]
    head = "|" + "|".join(f"h{number}" for number in range(len(rows[0]))) + "|"
    content = "\n".join((head, "|" + "-|" * len(rows[0]), *lines))
    document = markdown.read(content.encode(), "a.md")
    assert quotes(document) == [head, *lines]
    assert {block.kind for block in document.blocks} == {"row"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        "!!! a\n",
        "%% a\n",
        "<!-- ",
        "<A{",
        "<A>",
        "{% ",
        "`` ` ",
        "<tr><td>x",
        "[[a|b]] ",
        "import {\n",
        "| %% x | <A> |\n",
    ],
)
def test_marks_that_are_never_closed_are_fast(part: str) -> None:
    started = time.process_time()
    document = markdown.read_mdx((part * (400_000 // len(part))).encode(), "a.mdx")
    assert document.text
    assert time.process_time() - started < 10


@pytest.mark.slow
def test_deeply_nested_lists_and_quotes_lose_nothing(read_as: ReadAs) -> None:
    lists = read_as("a.md", "\n".join("  " * level + f"- item{level}" for level in range(1000)))
    assert quotes(lists) == [f"item{level}" for level in range(1000)]
    assert quotes(read_as("a.md", "- " * 1000 + "end")) == ["end"]
    assert quotes(read_as("a.md", ">" * 5000 + " end")) == ["end"]
    stairs = read_as("a.md", "\n".join(">" * level + f" q{level}" for level in range(1, 300)))
    assert "q299" in quotes(stairs)[-1]
    tabs = read_as("a.md", "\n".join(" " * 4 * level + f'=== "tab{level}"' for level in range(300)) + " end")
    assert " ".join(quotes(tabs)).count("tab") == 300


def test_very_long_lines_are_fast(read_as: ReadAs) -> None:
    assert spans(read_as("a.md", "word " * 400_000)) == [(0, 1_999_999)]
    assert len(quotes(read_as("a.md", "[" * 200_000))) == 1
    title = "*a_" * 50_000
    assert headings(read_as("a.md", f"# {title}\n\nText")) == [(1, f"{title[:299]}…")]


@settings(deadline=None)
@given(st.text())
@example("- \t> 1. a\n\n\tb")
@example("\ufeff- a")
@example("a\n=\n\n[b]: c\n")
@example("<div>a")
def test_any_text_gives_valid_blocks(content: str) -> None:
    try:
        document = markdown.read(content.encode(), "a.md")
    except SourceUnreadable:
        return
    for block in document.blocks:
        quote = document.text[block.start : block.end]
        assert quote and quote == quote.strip()
    for heading in document.headings:
        assert heading.title
        assert not any(b.start < heading.end and heading.start < b.end for b in document.blocks)


MARKS = ["- ", "* ", "1. ", "12) ", "> ", ">", "    ", "  ", "\t", "# ", "### ", "| ", "|---|---|", "===", "***", "-"]


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from([*MARKS, "a", "b c", "é", "d|e"]), max_size=5).map("".join), max_size=12))
@example(["- a", "", "\tb"])
@example(["> - a", "b", "> # c"])
@example(["|a|b c|", "|---|---|", "d|e", "    ", "- a"])
@example(['=== "d"', "    - b c", '    === "a"', "        é", "a"])
def test_every_word_is_in_one_block_or_heading(lines: list[str]) -> None:
    content = "\n".join(lines)
    if not content.strip():
        return
    document = markdown.read(content.encode(), "a.md")
    places = [(b.start, b.end) for b in document.blocks] + [(h.start, h.end) for h in document.headings]
    for offset, character in enumerate(document.text):
        if character.isalpha():
            assert sum(start <= offset < end for start, end in places) == 1


def test_escaped_surrogates_in_front_matter_are_joined_or_dropped(read_as: ReadAs) -> None:
    document = read_as("a.md", '---\ntitle: "Hello \\ud83d\\ude00 \\ud83d\\0!"\n---\nText here.\n')
    assert document.title == "Hello 😀 !"
    assert read_as("a.md", '---\ntitle: "\\ud83d"\n---\nText here.\n').title == "a"


@pytest.mark.parametrize(
    ("content", "kind"),
    [("---\ntitle: T\nk: {}\n---\n\nText.", "YAML"), ('+++\ntitle = "T"\nk = "{}"\n+++\n\nText.', "TOML")],
)
def test_front_matter_that_is_too_long_is_read_line_by_line(read_as: ReadAs, content: str, kind: str) -> None:
    document = read_as("a.md", content.format("x" * 100_001))
    assert document.title == "T"
    assert (
        document.note
        == f"its front matter is not valid {kind} (longer than 100,000 characters) and was read line by line"
    )


def test_front_matter_with_lists_of_fields_and_without_an_end(read_as: ReadAs) -> None:
    fields = "---\ntitle: T\nfaq:\n  - question: How long does it take?\n  - [a, b]\n---\n\nText."
    document = read_as("a.md", fields)
    assert [document.text[each.start : each.end] for each in document.blocks] == ["How long does it take?", "Text."]
    assert read_as("b.md", "---\ntitle: T\nMore.\n\nEnd.").title == "b"
