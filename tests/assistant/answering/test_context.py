"""What a quote brings along, lest it says something else without it: over real files, cut and quoted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering.context import MOST_WORDS, Surroundings
from assistant.answering.evidence import NAMES, Features, Sentence, with_context
from assistant.answering.lists import LIST_MOST
from assistant.answering.quote import Quoter, choose
from assistant.answering.retrieve import Candidate
from assistant.schema import Quote
from ingest.index.catalog import Catalog

Quoted = Callable[..., list[str]]

NOTHING = Features(**dict.fromkeys(NAMES, 0.0))
LEAFLET = """\
# Zorbinol

Zorbinol must not be given to:

- pregnant women in the last trimester
- children with an allergy

You should never:

1. crush the tablets
2. mix them with juice.
   They turn bitter.

It is not true that:
* it cures hair loss within weeks.

Sleep is healthy. Walk every day.

| Group | Allowed | Forbidden |
|---|---|---|
| Diabetics | no | yes |
| Athletes | yes | no |
"""
PAGE = """<h1>Hibiscus</h1><p>Never do the following with a hibiscus:</p>
<ul><li>Water it with hot water.</li><li>Put it into the frost.</li></ul><p>It likes the sun. It likes rain.</p>"""
FILLING = "Nothing of note was seen in any of the many years of the trial by anybody at all. "
AFTER = [
    "Do not give it to children under six.",
    "This does not apply to diabetics.",
    "(It does not work in children.)",
    "At least, that is what its maker claims.",
    "There is no evidence for that.",
    "Never use it at night. But ask a nurse.",
    "Not in glaucoma, though.",
    "Children must not take it.",
    "Pregnant women shouldn't have more than one.",
    "The drops are not suitable for babies.",
    "In glaucoma it is contraindicated.",
    "Children should\nnot take it.",
    "The drops aren't\nsafe for babies.",
    "Children must never take it.",
    "In pregnancy, do not take it.",
    "The drops are not to be used in children.",
    "Children cannot take it.",
    "The drops can't be used by asthmatics.",
    "Asthmatics need to avoid the drops.",
    "Asthmatics should avoid the drops.",
    "The drops should be avoided in glaucoma.",
    "The drops must only be used for a week.",
    "If you have glaucoma do not take it.",
]


@pytest.fixture
def quotes_of(made: Callable[[dict[str, str]], Path]) -> Callable[[str, str, str], list[Quote]]:
    """Return the quotes where one sentence of a file, the one that holds `part`, answers."""

    def run(name: str, text: str, part: str) -> list[Quote]:
        with Catalog(made({name: text})).read() as snapshot:
            found = [
                Sentence(Candidate(passage, 0.5, 0.5), at, NOTHING, 1.0)
                for passage in snapshot.passages(list(range(1, 100))).values()
                for at, span in enumerate(passage.sentences)
                if part in passage.cut(*span)
            ]
            quoter = Quoter(snapshot)
            return [quoter.quote(evidence) for evidence in choose(with_context(found[:1], Surroundings(snapshot)))]

    return run


@pytest.fixture
def quoted(quotes_of: Callable[[str, str, str], list[Quote]]) -> Quoted:
    """Return the texts of the quotes."""
    return lambda name, text, part: [quote.text for quote in quotes_of(name, text, part)]


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (
            "children",
            "Zorbinol must not be given to:\n\n- pregnant women in the last trimester\n- children with an allergy",
        ),
        ("crush", "You should never:\n\n1. crush the tablets\n2. mix them with juice.\n   They turn bitter."),
        ("bitter", "You should never:\n\n1. crush the tablets\n2. mix them with juice.\n   They turn bitter."),
        ("hair", "It is not true that:\n* it cures hair loss within weeks."),
        ("Sleep", "Sleep is healthy."),
        ("Walk", "Walk every day."),
        (
            "Athletes",
            "| Group | Allowed | Forbidden |\n|---|---|---|\n| Diabetics | no | yes |\n| Athletes | yes | no |",
        ),
    ],
)
def test_an_item_brings_what_introduces_it(quoted: Quoted, part: str, wanted: str) -> None:
    assert quoted("leaflet.md", LEAFLET, part) == [wanted]


def test_front_matter_names_nothing_below_it(quoted: Quoted) -> None:
    text = "---\ntitle: Leaving\nkeywords: quitting, zorbing\nredirect_from:\n  - /leaving/\n---\n\nThis is about you."
    assert quoted("leaving.md", text, "zorbing") == ["keywords: quitting, zorbing"]


def test_the_head_of_a_table_brings_its_rows(quoted: Quoted) -> None:
    wanted = "| Group | Allowed | Forbidden |\n|---|---|---|\n| Diabetics | no | yes |\n| Athletes | yes | no |"
    assert quoted("leaflet.md", LEAFLET, "| Group")[0].endswith(wanted)


def test_items_of_a_web_page_bring_what_introduces_them(quoted: Quoted) -> None:
    wanted = "Never do the following with a hibiscus:\n\n- Water it with hot water.\n\n- Put it into the frost."
    assert quoted("page.html", PAGE, "frost") == [wanted]
    assert quoted("page.html", PAGE, "sun") == ["It likes the sun."]


def test_items_of_plain_text_bring_what_introduces_them(quoted: Quoted) -> None:
    text = "Before the scan, patients must not:\n- drink milk\n- eat bread\n\nThe scan takes an hour."
    assert quoted("scan.txt", text, "bread") == ["Before the scan, patients must not:\n- drink milk\n- eat bread"]
    assert quoted("scan.txt", text, "hour") == ["The scan takes an hour."]


@pytest.mark.parametrize("number", [0, 9, 29])
def test_of_a_long_list_as_many_items_are_quoted_as_fit(quoted: Quoted, number: int) -> None:
    text = "You should never:\n\n" + "".join(f"- do thing number {n} of the many things\n" for n in range(30))
    quotes = quoted("list.md", text, f"number {number} ")
    assert quotes[0].startswith("You should never:") and f"number {number} of" in quotes[-1]
    assert LIST_MOST - 10 < len(" ".join(quotes).replace("- ", "").split()) <= LIST_MOST + 3


STEPS = "# The stretch\n\nSit on a mat.\n\n## How\n\n1. Bend one knee.\n2. Lean forward.\n{}3. Breathe out.\n"


@pytest.mark.parametrize("part", ["Bend", "Lean", "Breathe"])
@pytest.mark.parametrize("between", ["", "![A knee](knee.png)\n", "   Go slowly.\n", "Go slowly.\n"])
def test_a_list_is_quoted_whole_from_its_first_item(quoted: Quoted, part: str, between: str) -> None:
    wanted = f"Bend one knee.\n2. Lean forward.\n{between}3. Breathe out."
    assert quoted("steps.md", STEPS.format(between), part) == [wanted]


def test_a_paragraph_between_two_lists_parts_them(quoted: Quoted) -> None:
    text = STEPS.format("\nThen stand up and walk about.\n\n")
    assert quoted("steps.md", text, "Lean") == ["Bend one knee.\n2. Lean forward."]
    assert quoted("steps.md", text, "Breathe") == ["Breathe out."]


def test_of_a_long_list_with_numbers_the_steps_before_and_after_are_quoted(quoted: Quoted) -> None:
    text = "# How\n\n" + "".join(f"{n}. Do thing {n} {'with great care ' * 10}at last.\n" for n in range(1, 9))
    (quote,) = quoted("steps.md", text, "thing 2 ")
    assert quote.startswith("Do thing 1 ") and "\n3. Do thing 3 " in quote and "thing 5" not in quote


def test_a_long_item_of_a_long_list_stands_by_itself(quoted: Quoted) -> None:
    items = "".join(f"- Thing number {n} {'is told at length ' * 10}.\n" for n in range(9))
    first, item = quoted("list.md", f"Mind these things:\n\n{items}", "number 4 ")
    assert first == "Mind these things:" and item.startswith("Thing number 4") and "number 5" not in item


def test_a_quote_says_that_it_is_a_part_of_a_longer_list(
    quotes_of: Callable[[str, str, str], list[Quote]],
) -> None:
    def parts(text: str, part: str) -> list[bool]:
        return [quote.part_of_list for quote in quotes_of("list.md", text, part)]

    long = "".join(f"- do thing number {n} of the many things\n" for n in range(30))
    assert parts(f"You should never:\n\n{long}", "number 2 ") == [True]
    assert parts(f"You should never:\n\n{long}", "number 29 ")[-1]
    numbered = "# How\n\n" + "".join(f"{n}. Do thing {n} {'with great care ' * 10}at last.\n" for n in range(1, 9))
    assert parts(numbered, "thing 2 ") == [True]
    assert parts(STEPS.format(""), "Lean") == [False]  # it is whole
    items = "".join(f"- Thing number {n} {'is told at length ' * 10}.\n" for n in range(9))
    assert parts(f"Mind these things.\n\n{items}", "number 4 ") == [False]  # it is one item, as it looks
    nested = "Symptoms:\n\n- pain\n- fever\n- warning signs:\n  - numbness\n  - weakness\n- fatigue\n"
    assert parts(nested, "fever") == [True]
    assert parts("Symptoms:\n\n- warning signs:\n  - numbness\n  - weakness\n- fatigue\n", "numbness") == [False]
    assert parts("Sleep is healthy. So is walking.\n", "Sleep") == [False]


@pytest.mark.parametrize("part", ["rules", "kind", "nights"])
def test_a_list_is_quoted_with_what_introduces_it_whichever_line_answers(quoted: Quoted, part: str) -> None:
    text = "We chat a lot. House rules:\n\n- be kind\n- mute at nights\n\nThat is all."
    assert quoted("rules.md", text, part) == ["House rules:\n\n- be kind\n- mute at nights"]


def test_a_question_is_never_quoted_alone(quoted: Quoted) -> None:
    text = "Does heat help? It does. Ice does not.\n\nIs it dear? Hardly."
    assert quoted("faq.md", text, "Does heat") == ["Does heat help? It does. Ice does not."]


CODE = """# Cache

Caches are kept. You can have all built anew by adding the project to the list.

```toml
[tool]
again = ["mine"]
```

This makes it build on every run. Others stay as they are.

Empty it now and then.
```sh
empty
```
Then go on.
"""
ADDING = "You can have all built anew by adding the project to the list.\n\n```toml\n"
LISTED = '[tool]\nagain = ["mine"]'


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ("by adding", f"{ADDING}{LISTED}"),
        ("This makes", f"{LISTED}\n```\n\nThis makes it build on every run."),
        ("Others stay", "Others stay as they are."),
        ("Caches", "Caches are kept."),
        ("Empty", "Empty it now and then."),  # no blank line says on which side of it the code is
    ],
)
def test_code_is_quoted_with_the_paragraph_that_ends_or_begins_at_it(quoted: Quoted, part: str, wanted: str) -> None:
    assert quoted("cache.md", CODE, part) == [wanted]


LONG_CODE = "\n".join(f'"name {n}": ["value {n}", {n}],' for n in range(9))


@pytest.mark.parametrize("part", ["Save this", "name 4"])
def test_code_in_several_pieces_is_quoted_whole(quoted: Quoted, part: str) -> None:
    filled = LONG_CODE.replace("value", "a_value_that_has_many_tokens_of_its_own" * 3)
    text = f"# Settings\n\nSave this as the settings.\n\n```json\n{filled}\n```\n\nIt is read once. Cats sleep.\n"
    (quote,) = quoted("a.md", text, part)
    assert quote.endswith(filled)


def test_code_in_a_step_brings_all_steps(quoted: Quoted) -> None:
    steps = "1. Clean up:\n\n   ```sh\n   clean --all\n   ```\n\n2. Remove it:\n\n   ```sh\n   remove it\n   ```"
    (quote,) = quoted("a.md", f"# Removing\n\n{steps}\n\nCats sleep.\n", "clean --all")
    assert "Clean up:" in quote and "remove it" in quote


@pytest.mark.parametrize("part", ["Reset the cache", "Cats sleep"])
def test_code_too_long_for_a_quote_is_not_quoted_in_part(quoted: Quoted, part: str) -> None:
    code = "\n".join(f"step {n} of many" for n in range(90))
    text = f"# Cache\n\nReset the cache with this.\n\n```sh\n{code}\n```\n\nThis takes a day. Cats sleep.\n"
    (quote,) = quoted("a.md", text, part)
    assert "step" not in quote


def test_what_takes_code_back_comes_along(quoted: Quoted) -> None:
    text = "Reset the cache like this.\n\n```sh\nreset --all\n```\n\nDo not do this on a shared machine."
    assert quoted("a.md", f"# Cache\n\n{text} Cats sleep.\n", "Reset the cache") == [text]


TABS = """# Unlocking

Cats sleep.

=== "Windows"

    Press the key.

=== "Linux"

    Wait a minute.

    Run sudo unlock.

Dogs bark.
"""


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ("sudo", ['Linux"\n\n    Wait a minute.\n\n    Run sudo unlock.']),
        ("Press", ['Windows"\n\n    Press the key.']),
        ("Dogs", ["Dogs bark."]),
    ],
)
def test_what_stands_in_a_tab_is_quoted_with_its_title(quoted: Quoted, part: str, wanted: list[str]) -> None:
    assert quoted("a.md", TABS, part) == wanted


@pytest.mark.parametrize("after", AFTER)
def test_what_takes_a_sentence_back_comes_along(quoted: Quoted, after: str) -> None:
    text = f"Krestol eases a cough within an hour. {after}"
    assert quoted("a.md", f"Take care. {text} Cats sleep.", "cough") == [text]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Krestol eases a cough. Who should not take Fenwarin?", "cough"),
        ("Krestol eases a cough. Fenwarin is for people who cannot take aspirin.", "cough"),
        ("Krestol eases a cough. Ask for Fenwarin if you need to avoid aspirin.", "cough"),
        ("Krestol eases a cough. The pain may not go away at once.", "cough"),
        ("| Drug | Rule |\n|---|---|\n| Krestol | is safe |\n| Fenwarin | must not be given |", "Krestol"),
    ],
)
def test_what_forbids_nothing_of_it_stays_behind(quoted: Quoted, text: str, part: str) -> None:
    (quote,) = quoted("a.md", text, part)
    assert "Fenwarin" not in quote
    assert "pain" not in quote


@pytest.mark.parametrize("filled", [1, 2, 3, 4])
def test_what_is_needed_is_found_in_the_next_passage_too(quoted: Quoted, filled: int) -> None:
    pair = (
        "Fenwarin eases the swelling of a knee within ten days or so. However, nobody over forty should use it, ever."
    )
    text = FILLING * filled + pair + " " + FILLING
    assert quoted("a.md", text, "swelling") == [pair]
    assert quoted("a.md", text, "However") == [pair]


def test_sentences_that_touch_stand_together(quoted: Quoted) -> None:
    text = "The salve is said to end any plea against Zorbin.'So the same nurse made it.'"
    assert quoted("a.md", text, "nurse") == [text]


def test_the_pieces_of_an_overlong_sentence_stand_together(quoted: Quoted) -> None:
    sentence = "Nobody believes" + ", as many an old man said in many an old town" * 9 + ", that oil prevents it."
    assert quoted("a.md", f"Cats sleep. {sentence} Dogs bark.", "oil") == [sentence]
    assert quoted("a.md", f"Cats sleep. {sentence} Dogs bark.", "Nobody") == [sentence]


def test_the_fields_of_a_record_stand_together(quoted: Quoted) -> None:
    text = "Name: Drug A\nAllowed: no\nDose: 6 mg\n\nName: Drug B\nAllowed: yes\nDose: 2 mg\n"
    assert quoted("t.txt", text, "Drug A") == ["Name: Drug A\nAllowed: no\nDose: 6 mg"]


def test_a_row_of_a_table_is_quoted_as_a_whole(quoted: Quoted) -> None:
    table = "name,allowed,dose\nDrug A,no,6 mg\nDrug B,yes,2 mg\n"
    assert quoted("t.csv", table, "Drug A") == ["name: Drug A | allowed: no | dose: 6 mg"]


@pytest.mark.parametrize(
    ("table", "part", "wanted"),
    [
        ("Drug | Dose\n--- | ---:\nibuprofen | 4 mg\nkrestol | 6 mg", "krestol", "{}"),
        ("Dose | of |\n--- | --- |\n6 mg | krestol\nnone", "krestol", "Dose | of |\n--- | --- |\n6 mg | krestol"),
        ("> A|B\n> :-:|-\n> krestol|6 mg\n> fenwarin|must not be given", "krestol", "A|B\n> :-:|-\n> krestol|6 mg"),
        ("Doses:\n\nDrug | Dose\n-|-\nkrestol | 6 mg\nfenwarin | 9 mg", "Doses", "{}"),
        ("Doses:\n\nDrug | Dose\n-|-\nkrestol | 6 mg", "krestol", "{}"),
        ("A line | here.\n\n---\n\nkrestol | 6 mg", "krestol", "krestol | 6 mg"),
    ],
)  # fmt: skip
def test_a_row_without_outer_signs_brings_its_head(quoted: Quoted, table: str, part: str, wanted: str) -> None:
    assert quoted("a.md", table, part) == [wanted.format(table)]


def test_sentences_that_run_together_lean_too(quoted: Quoted) -> None:
    assert quoted("a.md", "The knee hurts over time.However, it heals.", "hurts") == [
        "The knee hurts over time.However, it heals."
    ]


def test_what_is_to_be_repeated_comes_along(quoted: Quoted) -> None:
    text = "Hinge at the hips. That is one rep. Repeat 20 times total."
    assert quoted("a.md", text, "20") == [text]


def test_lines_without_marks_bring_what_introduces_them(quoted: Quoted) -> None:
    text = "Nobody may take it who has:\nan ulcer\na fever\nTake care. Walk on.\nCats sleep.\n"
    assert quoted("a.txt", text, "fever") == ["Nobody may take it who has:\nan ulcer\na fever"]
    assert quoted("a.txt", text, "Walk") == ["Walk on."]
    assert quoted("a.txt", text, "Cats") == ["Cats sleep."]


@pytest.mark.parametrize(
    ("name", "text", "part", "wanted"),
    [
        ("a.md", "Never with:\n\n- alcohol\n\n- milk\n\nTake it after meals.", "after", ["Take it after meals."]),
        (
            "a.md",
            "The tenant shall not:\n(a) sing;\n(b) dance.\n\nThe landlord may enter.",
            "landlord",
            ["The landlord may enter."],
        ),
        (
            "a.md",
            "Read this.\n\n- Never do this:\n  - mix it with wine\n  - drive a car\n- Walk every day",
            "Walk",
            ["Walk every day"],
        ),
        ("a.md", "**Not if:**\n\n- you are pregnant", "pregnant", ["**Not if:**\n\n- you are pregnant"]),
        (
            "a.txt",
            "Nobody is liable for:\n(i) loss of profit;\n(ii) loss of data",
            "data",
            ["Nobody is liable for:\n(i) loss of profit;\n(ii) loss of data"],
        ),
        (
            "a.txt",
            "You must never:\n\n1. smoke in bed\n\n2. drink it\n\n3. feed the bears\n\n4. swim at night",
            "swim",
            ["You must never:\n\n1. smoke in bed\n\n2. drink it\n\n3. feed the bears\n\n4. swim at night"],
        ),
        (
            "a.html",
            "<p>Avoid these:</p><ul><li>Raw eggs</li></ul><p>Bread is safe.</p>",
            "Bread",
            ["Bread is safe."],
        ),
        ("a.txt", "Dear all:\n\nThe pool is open again.", "pool", ["The pool is open again."]),
        ("a.md", "Never combine:\n\n| A | B |\n|---|---|\n| Asp. Very much. | War |", "War", [
            "Never combine:\n\n| A | B |\n|---|---|\n| Asp. Very much. | War |"
        ]),
    ],
)  # fmt: skip
def test_a_list_ends_where_it_ends(quoted: Quoted, name: str, text: str, part: str, wanted: list[str]) -> None:
    assert quoted(name, text, part) == wanted


def test_a_chain_of_leaning_sentences_is_not_quoted_whole(quoted: Quoted) -> None:
    text = "Smith was born. " + "He went to the town by the sea with a friend and came back. " * 30 + "He won a medal."
    assert len(" ".join(quoted("a.md", text, "medal")).split()) < MOST_WORDS + 30


@pytest.mark.parametrize(
    "after",
    ["This is a myth.", "Exception: children.", "Only for adults.", "*However*, it harms.", "Avoid it."],
)
def test_a_denial_comes_along(quoted: Quoted, after: str) -> None:
    assert quoted("a.md", f"Krestol eases a cough within an hour. {after}", "cough")[0].endswith(after)


def test_a_warning_below_a_list_comes_along(quoted: Quoted) -> None:
    allowed = "You may take:\n\n- aspirin\n- naproxen\n\nDo not take them with an ulcer."
    assert quoted("pain.md", f"{allowed}\n\nIt rains.", "naproxen") == [allowed]
    assert quoted("pain.md", "You may take:\n\n- aspirin\n\nNever eat:\n\n- sand", "aspirin") == [
        "You may take:\n\n- aspirin"
    ]


@pytest.mark.parametrize("second", ["If this happens, stop taking it.", "In this case, rest.", "If so, call a nurse."])
def test_what_refers_to_a_case_brings_the_case(quoted: Quoted, second: str) -> None:
    text = f"It rains. You may get a rash. {second}"
    assert quoted("a.md", text, second.split()[-1]) == [f"You may get a rash. {second}"]


def test_a_nested_item_brings_the_item_above_it(quoted: Quoted) -> None:
    text = "- Adults\n  - 400 mg\n- Children\n  - 100 mg"
    assert quoted("dose.md", text, "100 mg") == ["Children\n  - 100 mg"]


def test_a_whole_list_of_several_sentences_an_item_is_quoted_from_a_web_page(quoted: Quoted) -> None:
    page = "<p>You must never:</p><ul><li>Take it with alcohol. It makes you drowsy.</li><li>Drive a car</li></ul>"
    whole = "You must never:\n\n- Take it with alcohol. It makes you drowsy.\n\n- Drive a car"
    for part in ("never", "alcohol", "Drive"):
        assert quoted("a.html", f"<main>{page}</main>", part) == [whole]


def test_a_warning_above_a_list_comes_along(quoted: Quoted) -> None:
    steps = "1. Turn it off.\n2. Tap bind."
    warned = f"Never bind with a running engine.\n\n{steps}"
    assert quoted("a.md", f"Bind it as follows.\n\n{warned}", "Tap") == [warned]
    boxed = f"An engine runs. It is hot.\n\n{steps}"
    assert quoted("b.md", f"It rains.\n\n!!! warning\n    {boxed}", "Tap") == [boxed]
    assert quoted("c.md", f"It rains today.\n\n{steps}", "Tap") == ["Turn it off.\n2. Tap bind."]


def test_an_item_that_introduces_a_list_brings_that_one_and_no_other(quoted: Quoted) -> None:
    form = "1. Use the form. Hand it in by:\n   1. post, or\n   1. mail."
    holds = "Each form shall contain:\n   1. a name;\n   1. the receipts."
    for part in ("shall contain", "receipts"):
        assert quoted("a.md", f"{form}\n1. {holds}\n1. Officers sign it.", part) == [holds]


def test_a_line_above_a_table_names_it(quoted: Quoted) -> None:
    rows = "Name: Yoga | Cost: 9\n\nName: Swimming | Cost: 4"
    text = f"It rains.\n\nBenefits and costs of the courses that we offer in the summer\n\n{rows}\n\nIt snows."
    assert quoted("a.txt", text, "Benefits") == [
        f"Benefits and costs of the courses that we offer in the summer\n\n{rows}"
    ]
    assert quoted("a.txt", text, "Swimming") == ["Name: Swimming | Cost: 4"]


def test_a_part_of_a_row_of_long_cells_brings_the_beginning_that_names_it(quoted: Quoted) -> None:
    row = (
        "Option: Bupropion (Zyban). Begin early. | Benefits: It works. It is cheap. | Risks: Fits. Not under 18 years."
    )
    other = "Option: Nicotine patches. | Benefits: None. | Risks: Rashes."
    text = f"It rains.\n\n{other}\n\n{row}\n\nIt snows."
    (found,) = quoted("a.txt", text, "Not under 18")
    assert found.startswith("Option: Bupropion (Zyban).") and found.endswith("Not under 18 years.")
    assert quoted("a.txt", text, "Begin early") == ["Option: Bupropion (Zyban). Begin early."]
    assert quoted("a.txt", "One is here. Two `a | b` is. Three is it.", "Two") == ["Two `a | b` is."]


@pytest.mark.parametrize("step", ["Run `ps aux | grep cited`.", "Write P(A | B) for it."])
def test_a_sign_between_words_makes_no_table(quoted: Quoted, step: str) -> None:
    steps = f"Do this:\n\n1. Open a terminal.\n2. {step}\n3. Close it."
    assert quoted("a.md", f"It rains.\n\n{steps}", step) == [steps]


@pytest.mark.parametrize(
    "second",
    [
        "We do not recommend importing these for serious work.",
        "Take them with food.",
        "You should never use it at night.",
        "Take it 30 minutes before meals.",
        "Swallow them whole.",
        "Store it below 25 °C.",
    ],
)
def test_what_points_back_brings_what_it_points_to(quoted: Quoted, second: str) -> None:
    assert quoted("a.md", f"It rains. The tablets are white. {second}", second) == [f"The tablets are white. {second}"]


@pytest.mark.parametrize(
    "second",
    [
        "Take the tablets and swallow them.",
        "If it hurts, rest.",
        "Although it is rare, kidneys fail.",
        "Ice is cold.",
        "Contact IT for a password.",
        "We use these tablets.",
    ],
)
def test_what_points_to_something_in_the_same_sentence_stands_alone(quoted: Quoted, second: str) -> None:
    assert quoted("a.md", f"The tablets are white. {second}", second) == [second]


def test_an_item_that_ends_in_a_dash_introduces_its_own_list(quoted: Quoted) -> None:
    text = "- **Cable** — by wire.\n- **Bluetooth** —\n  - mode\n  - address\n- **SBUS** — by a module."
    assert quoted("a.md", text, "mode") == ["**Bluetooth** —\n  - mode\n  - address"]


def test_a_line_without_an_end_introduces_the_list_below_it(quoted: Quoted) -> None:
    never = "Do not take XENICAL\n\n- if you are allergic to orlistat\n- if you are breast-feeding"
    for part in ("not take", "allergic", "breast"):
        assert quoted("a.md", f"It rains.\n\n{never}\n\nIt is white.", part) == [never]
    assert quoted("b.md", "It rains.\n\n- yes\n- no", "no") == ["yes\n- no"]


def test_a_line_with_a_colon_brings_all_rows_below_it(quoted: Quoted) -> None:
    page = "<p>It rains. The doses are as follows:</p><table><tr><th>Adults</th><td>400 mg</td></tr>"
    page += "<tr><th>Children</th><td>100 mg</td></tr></table><p>Do not give it to babies.</p><p>It snows.</p>"
    whole = "The doses are as follows:\n\nAdults | 400 mg\n\nChildren | 100 mg\n\nDo not give it to babies."
    assert quoted("a.html", f"<main>{page}</main>", "as follows") == [whole]
    (found,) = quoted("a.html", f"<main>{page}</main>", "Children")
    assert found.endswith("Do not give it to babies.")


def test_what_leans_in_a_long_cell_brings_what_it_leans_on_and_the_beginning(quoted: Quoted) -> None:
    filling = "Nothing else is known of it in any of the many trials that were made with it over the years. " * 4
    row = f"Option: Ibuprofen. {filling}The capsules hold 400 mg. They must be swallowed whole. | Benefits: Some."
    found = quoted("a.txt", f"It rains.\n\n{row}\n\nIt snows.", "swallowed whole")
    assert "The capsules hold 400 mg. They must be swallowed whole." in " ".join(found)
    assert found[0].startswith("Option: Ibuprofen.")


def test_a_line_that_introduces_the_list_of_a_subsection_brings_it(quoted: Quoted) -> None:
    page = (
        "<h2>Going home</h2><p>It rains. You must be able to do the following:</p>"
        "<h3>Skills</h3><ol><li>Get up</li><li>Walk</li></ol><h2>Diet</h2><ul><li>Eat</li></ul>"
    )
    (found,) = quoted("a.html", f"<main>{page}</main>", "must be able")
    assert found.startswith("You must be able to do the following:") and found.endswith("2. Walk")


def test_a_label_brings_the_paragraph_below_it(quoted: Quoted) -> None:
    text = "Breast-feeding\n\nWait a week. Pump the milk.\n\nIt rains."
    assert quoted("a.txt", f"Take it at once.\n\n{text}", "Breast") == ["Breast-feeding\n\nWait a week. Pump the milk."]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Rheuma schmerzt.", "Es heilt selten."),
        ("Il n'est pas nécessaire de vous isoler.", "Cependant, restez prudent."),
        ("Bel het nummer van de vereniging.", "Het is gratis."),
        ("O remédio alivia a dor.", "Isso demora uma hora."),
    ],
)
def test_other_languages_refer_back_too(quoted: Quoted, first: str, second: str) -> None:
    assert quoted("a.md", f"{first} {second}", second.split()[-1]) == [f"{first} {second}"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Die Tropfen lindern Husten.", "Kinder dürfen sie nicht einnehmen."),
        ("Le sirop calme la toux.", "Ne pas utiliser avant deux ans."),
        ("El jarabe calma la tos.", "Los niños no deben tomarlo: no se debe usar."),
        ("O xarope acalma a tosse.", "Não deve ser usado por crianças."),
        ("De siroop helpt tegen hoest.", "Kinderen mogen hem niet nemen."),
        ("Lo sciroppo calma la tosse.", "Non si deve usare sotto i due anni."),
    ],
)
def test_other_languages_limit_too(quoted: Quoted, first: str, second: str) -> None:
    assert quoted("a.md", f"{first} {second}", first.split()[1]) == [f"{first} {second}"]


def test_an_item_that_names_the_paragraph_below_it_brings_it(quoted: Quoted) -> None:
    effects = "a running nose and throat, abnormal dreams, difficulty sleeping, headache and much more of that kind"
    text = f"- Very common: more than 1 in 10 people\n\n{effects}\n\n- Common: up to 1 in 10 people\n\ncough"
    assert quoted("a.md", text, "Very") == [f"Very common: more than 1 in 10 people\n\n{effects}"]
    assert quoted("a.md", text, "running") == [effects]


def test_the_last_line_of_an_item_introduces_nothing(quoted: Quoted) -> None:
    rates = "- Common: up to 1 in 10 people\n\ncough\n\n- Uncommon: up to 1 in 100 people\n\nhair loss"
    assert quoted("a.md", rates, "cough") == ["cough"]
    assert quoted("a.md", rates, "Uncommon") == ["Uncommon: up to 1 in 100 people\n\nhair loss"]
    page = "<main><ul><li>Paracetamol<br>Two tablets</li><li>Ibuprofen<br>One tablet</li></ul></main>"
    for part in ("Paracetamol", "Two", "Ibuprofen", "One"):
        assert quoted("a.html", page, part) == ["Paracetamol\n  Two tablets\n\n- Ibuprofen\n  One tablet"]


def test_the_last_of_several_lines_is_no_label(quoted: Quoted) -> None:
    text = "You should not take:\n\nIbuprofen\n\nAspirin\n\nParacetamol is safe for most people."
    assert "Paracetamol" not in quoted("a.txt", text, "Aspirin")[0]


@pytest.mark.parametrize("second", ["ER visits fell.", "IL-6 is raised.", "CE-marked drops are sold."])
def test_english_abbreviations_are_no_foreign_pronouns(quoted: Quoted, second: str) -> None:
    assert quoted("a.md", f"It rains today. {second}", second.split()[0]) == [second]
