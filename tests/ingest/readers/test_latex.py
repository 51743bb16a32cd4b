from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.readers.markup import latex
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]

PAPER = r"""\documentclass{article}
\usepackage[english,ngerman]{babel}
\title{Salz \& Brot}
\newcommand{\grain}{Roggen}
\newcommand{\amount}[2]{#1~g #2}
% a secret
\begin{document}
\maketitle
\section{\"Uber \emph{\grain}}
Nimm \amount{10}{\grain} am Tag\footnote{Nie mit \textbf{Milch}.} in der Stra\ss e, 50\% % hidden
von $x^2 \% 5$, \SI{5}{\milli\gram}, 10\textsuperscript{6} K\"orner, H\textsubscript{2}O, siehe \cite{a1}.
\input{other}

\[ a = b \]
\begin{itemize}
\item Eins. \begin{enumerate}\item innen\end{enumerate}
\item[Wort] zwei
\end{itemize}
\begin{table}\caption{Mengen}
\begin{tabular}{|l|p{0.3\linewidth}|c|} \hline
Gruppe & Menge & Art \\ \hline
\multirow{2}{*}{Erwachsene} & 10 g & a. b \\
 & & c \& d \\
\multicolumn{2}{c}{keine} & e \\ \hline
\end{tabular}\end{table}
\begin{verbatim}
\x % kept
\end{verbatim}
\begin{comment}no\end{comment}
\begin{thebibliography}{9}\bibitem{a1} Ash, E.: \texorpdfstring{Brot}{bread}.\end{thebibliography}
\end{document}
after
"""


def quotes(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_a_paper(read_as: ReadAs) -> None:
    document = read_as("a.tex", PAPER)
    assert [(heading.level, heading.title) for heading in document.headings] == [(2, "Über Roggen")]
    assert quotes(document) == [
        (
            "paragraph",
            "Nimm 10 g Roggen am Tag[1] in der Straße, 50% von $x^2 \\% 5$, 5 mg, 10⁶ Körner, H₂O, siehe [a1].",
        ),
        ("paragraph", "[1] Nie mit Milch."),
        ("paragraph", "\\[ a = b \\]"),
        ("item", "Eins."),
        ("item", "innen"),
        ("item", "Wort: zwei"),
        ("paragraph", "Mengen"),
        ("row", "Gruppe: Erwachsene | Menge: 10 g | Art: a. b"),
        ("row", "Gruppe: Erwachsene | Art: c & d"),
        ("row", "Gruppe, Menge: keine | Art: e"),
        ("code", "\\x % kept"),
        ("item", "[a1] Ash, E.: Brot."),
    ]
    assert (document.title, document.language) == ("Salz & Brot", "de")
    assert document.note == "its included files are left out: other"


def test_heads_by_rules_and_of_long_tables(read_as: ReadAs) -> None:
    ruled = r"\begin{tabular}{ll}\toprule A & B\\ \midrule 1 & \\ & 2\\ \bottomrule\end{tabular}"
    assert quotes(read_as("a.tex", ruled)) == [("row", "A: 1"), ("row", "B: 2")]
    long = (
        r"\begin{longtable}{ll} A & B \\ \endfirsthead A & B (again) \\ \endhead more \\ \endfoot 1 & 2 \\ "
        r"3 & {4 \\ 5} \\ \end{longtable}"
    )
    assert quotes(read_as("b.tex", long)) == [("row", "A: 1 | B: 2"), ("row", "A: 3 | B: 4 5")]
    plain = r"\begin{tabularx}{\textwidth}{ll} 1 & \\ 2 & x \\ \end{tabularx}"
    assert quotes(read_as("c.tex", plain)) == [("row", "1 | –"), ("row", "2 | x")]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"Take \SIrange{5}{10}{\milli\gram}.", "Take 5–10 mg."),
        (r"Take \qtyrange[mode=text]{5}{10}{\gram} or \numrange{5}{10}.", "Take 5–10 g or 5–10."),
        (r"Take 2\nicefrac{1}{2} or \sfrac{1}{2}.", "Take 2 1/2 or 1/2."),
        (r"\SI{1.73}{\square\metre} and \SI{2}{\kilogram\per\cubic\metre}", "1.73 m² and 2 kg/m³"),
        (r"\SI{3}{\cubic\centi\metre}", "3 cm³"),
        (
            "See \\href{https://x.org/a%20b}{the guide}. Not for children.\nMore.",
            "See the guide. Not for children. More.",
        ),
        (r"Print \verb|%d| twice, see \url{https://x.org/a%20b} too.", "Print %d twice, see https://x.org/a%20b too."),
    ],
)
def test_numbers_units_and_addresses(read_as: ReadAs, source: str, shown: str) -> None:
    assert quotes(read_as("a.tex", source)) == [("paragraph", shown)]


def test_a_table_in_a_cell_ends_no_row(read_as: ReadAs) -> None:
    cell = r"\begin{tabular}[c]{@{}c@{}}Dose\\ (mg)\end{tabular}"
    source = rf"\begin{{tabular}}{{lll}} Drug & {cell} & Note \\ \midrule Aspirin & 100 & none \\ \end{{tabular}}"
    assert quotes(read_as("a.tex", source)) == [("row", "Drug: Aspirin | Dose (mg): 100 | Note: none")]


def test_macros_cannot_grow_without_end(read_as: ReadAs) -> None:
    source = "\\newcommand{\\a}{\\a\\a xx}\n\\newcommand{\\b}{\\a\\a}\n" + "\\b " * 1_000
    assert len(read_as("a.tex", source + "End.").text) < 1_000_000


def test_what_is_never_closed_costs_no_text(read_as: ReadAs) -> None:
    for opening in ("\\begin{tikzpicture}", "\\textbf{", "\\begin{itemize}", "$", "\\verb|", "\\footnote{"):
        assert "End." in read_as("a.tex", f"Start.\n\n{opening} x\n\nEnd.").text


CELLS = st.sampled_from(
    [("", ""), ("7\\textsuperscript{6}", "7⁶"), ("a. B", "a. B"), ("5\\,\\%", "5 %"), ("c \\& d", "c & d")]
)


@settings(deadline=None)
@given(st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_every_value_stands_under_its_own_head(rows: list[list[tuple[str, str]]]) -> None:
    width = len(rows[0])
    lines = " \\\\\n".join(" & ".join(source for source, _ in row) for row in rows)
    head = " & ".join(f"h{number}" for number in range(width))
    source = f"\\begin{{tabular}}{{{'l' * width}}}\n{head} \\\\ \\midrule\n{lines} \\\\\n\\end{{tabular}}\n\nEnd."
    said = [" | ".join(f"h{n}: {shown}" for n, (_, shown) in enumerate(row) if shown) for row in rows]
    expected = [("row", text) for text in said if text] or [("row", head.replace("&", "|"))]
    assert quotes(latex.read(source.encode(), "a.tex"))[:-1] == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    ["\\begin{tabular}", "{", "\\footnote{", "\\verb|a ", "\\( ", "$a ", "\\begin{comment}", "\\section[", "\\item["],
)
def test_commands_that_are_never_closed_are_fast(read_as: ReadAs, part: str) -> None:
    assert read_as("a.tex", "End.\n\n" + part * (300_000 // len(part))).blocks


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (r"\newcommand{\of}[2][x]{#1 and #2}Take \of{salt} or \of[y]{oil}.", ["Take x and salt or y and oil."]),
        (r"\newcommand{\none} A.", ["A."]),
        (r"\c{c}a va\v s, \'{\i} \"\i{} \H o \c{} end, \'", ["ça vaš, í ï ő end,"]),
        (r"It is 5 \si{\kilo\gram}.", ["It is 5 kg."]),
        (r"So \begin{equation} a = b \end{equation} holds.", [r"So \[a = b\] holds."]),
        (r"\begin{minipage}[t]{3cm}Left.\end{minipage}\begin{multicols}{2}Two.\end{multicols}", ["Left.", "Two."]),
        (r"\begin{figure}[ht]\includegraphics[width=3cm]{x}\caption{A mill}\end{figure}", ["A mill"]),
        (r"\begin{theorem}[Pythagoras] It holds.\end{theorem}", ["[Pythagoras] It holds."]),
        (
            r"\begin{tabular}{ll}\begin{minipage}[t]{3cm}Why.\end{minipage} & \begin{small}x\end{small}\\\end{tabular}",
            ["Why. | x"],
        ),
        ("\\begin{tabular}{ll} % a & b\n a & b \\\\ % c\n\\end{tabular}", ["a | b"]),
        (rf"\begin{{tabular}}{{ll}} {'word ' * 400} & x \\ \end{{tabular}}", ["word " * 399 + "word", "x"]),
    ],
)
def test_layout_is_no_text(read_as: ReadAs, source: str, found: list[str]) -> None:
    assert [text for _, text in quotes(read_as("a.tex", source))] == found
