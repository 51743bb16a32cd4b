"""YAML without aliases, by which a few hundred bytes become gigabytes, and of limited size."""

import yaml
from yaml.composer import Composer, ComposerError
from yaml.nodes import Node

# Characters. PyYAML reads 150 KB a second, and details of a text are short.
LARGEST_YAML = 100_000
# What PyYAML raises for invalid values and deep nesting, besides its own errors.
NO_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)


class _NoAliases(Composer):
    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Refuse a node that has a name (&name) or stands for a named one (*name)."""
        event = self.peek_event()  # type: ignore[attr-defined]  # of the loader's parser
        if getattr(event, "anchor", None) is not None:
            what = "names for repetition (&name, *name) are not supported"
            raise ComposerError(problem=what, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


class _Strings(_NoAliases, yaml.BaseLoader):
    """Reads every value as text."""


class _Values(_NoAliases, yaml.SafeLoader):
    """Reads numbers, dates and the like as what they are."""


def compose(text: str) -> Node | None:
    """Return YAML as nodes, which know their places in the text; None if it is empty.

    Raises:
        yaml.YAMLError, RecursionError: it is invalid, too large or nested too deeply, or uses aliases.
    """
    _check(text)
    node: Node | None = yaml.compose(text, Loader=_Strings)
    return node


def load_values(text: str) -> object:
    """Return YAML as mappings, lists, strings, numbers, dates and the like.

    Raises:
        Any of NO_YAML: it is invalid, too large or nested too deeply, or uses aliases.
    """
    _check(text)
    value: object = yaml.load(text, Loader=_Values)
    return value


def _check(text: str) -> None:
    if len(text) > LARGEST_YAML:
        raise yaml.YAMLError(f"longer than {LARGEST_YAML:,} characters")
