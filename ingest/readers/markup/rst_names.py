"""Directives and roles that docutils does not know, such as Sphinx's: their text is kept, not refused."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils.nodes import Node  # type: ignore[import-untyped]
    from docutils.parsers.rst import Directive  # type: ignore[import-untyped]

_DIRECTIVE = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([A-Za-z][\w.+:-]{0,60}?)[ \t]?::", re.MULTILINE
)
_ROLE = re.compile(r":([A-Za-z][\w.+:-]{0,60}?):`")
_TITLED = re.compile(r"(.+?)\s*<[^<>]+>", re.DOTALL)
# Directives whose content is code, or no text.
_CODE = frozenset(
    ("code-block", "sourcecode", "prompt", "doctest", "testcode", "testoutput", "ipython", "jupyter-execute")
)
_VERSIONS = MappingProxyType(
    {
        "versionadded": "New in version",
        "versionchanged": "Changed in version",
        "deprecated": "Deprecated since version",
        "versionremoved": "Removed in version",
    }
)
_NO_TEXT = frozenset(
    (
        "toctree", "index", "highlight", "currentmodule", "module", "py:module", "py:currentmodule", "program",
        "literalinclude", "automodule", "autoclass", "autofunction", "automethod", "autosummary", "graphviz", "plot",
        "default-domain", "sectionauthor", "codeauthor", "tabularcolumns", "testsetup", "testcleanup", "bibliography",
    )
)  # fmt: skip


def declare(text: str) -> None:
    """Make known to docutils, for the process, each directive and role of a text that it does not know."""
    from docutils.languages import en  # type: ignore[import-untyped]
    from docutils.parsers.rst import directives, roles
    from docutils.utils import new_document  # type: ignore[import-untyped]

    document = new_document("")
    document.settings.report_level = document.reporter.report_level = 6
    for name in {match[1].lower() for match in _DIRECTIVE.finditer(text)}:
        if directives.directive(name, en, document)[0] is None:
            directives.register_directive(name, _directive())
    for name in {match[1].lower() for match in _ROLE.finditer(text)}:
        if roles.role(name, en, 0, document.reporter)[0] is None:
            roles.register_local_role(name, _role)


def _directive() -> "type[Directive]":
    from docutils import nodes  # type: ignore[import-untyped]
    from docutils.parsers.rst import Directive, directives

    class Unknown(Directive):  # type: ignore[misc]
        """Keeps the argument and the content of a directive."""

        has_content = True
        optional_arguments = 1
        final_argument_whitespace = True
        option_spec: dict[str, Callable[[str], str]] = defaultdict(
            lambda: directives.unchanged, {"class": directives.unchanged}
        )

        def run(self) -> "Sequence[Node]":
            if self.name in _NO_TEXT:
                return []
            if self.name in _CODE:
                code = "\n".join(self.content)
                return [nodes.literal_block(code, code)]
            found = nodes.container()
            self.state.nested_parse(self.content, self.content_offset, found)
            said, label = "".join(self.arguments), ""
            if self.name in _VERSIONS:
                version, _, said = said.partition("\n")
                label = f"{_VERSIONS[self.name]} {version.strip()}: "
            if said:
                inline, messages = self.state.inline_text(said, self.lineno)
                found.insert(0, [nodes.paragraph("", "", *inline), *messages])
            if label:
                if not (found.children and isinstance(found.children[0], nodes.paragraph)):
                    found.insert(0, nodes.paragraph())
                found.children[0].insert(0, nodes.Text(label))
            return [found]

    return Unknown


def _role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: object,
    options: object = None,
    content: object = None,
) -> "tuple[list[Node], list[Node]]":
    """Return the text that a role shows: its title, or its target."""
    from docutils import nodes
    from docutils.utils import unescape

    shown = unescape(text)
    titled = _TITLED.fullmatch(shown)
    shown = titled[1] if titled else shown.lstrip("!")
    if shown.startswith("~"):
        shown = shown[1:].rpartition(".")[2]
    return [nodes.inline(rawtext, shown)], []
