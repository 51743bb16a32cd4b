"""Write LICENSES.md: every package that the program needs at run time, with its version and licence.

    python tests/bench/licenses.py

The packages are the dependencies in pyproject.toml and theirs, as installed
here. Licences come from the packages' metadata.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "LICENSES.md"
HEAD = """# Licences of the dependencies

What `pip install` brings along besides Cited Assistant itself, on Linux with the
CPU build of PyTorch, and the licences that the packages state; what they bundle
is listed in their own notices. PyTorch's GPU build also needs NVIDIA's
libraries, which have licences of their own. `make licenses` writes this table.

Known vulnerabilities are not listed here. To look for them, run
`pip-audit --no-deps --disable-pip --requirement constraints.txt`, which asks PyPI
about every package.

| package | version | licence |
|---|---|---|
"""
GPU = ("nvidia-", "cuda-", "triton")
"""What the names of the packages begin with that only PyTorch's GPU build needs."""

# The SPDX identifiers of what older packages write.
SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License Version 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "The BSD 2-Clause License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# What the licence files of packages say whose metadata is not specific.
FROM_FILES = {
    "docutils": "LicenseRef-Public-Domain AND BSD-2-Clause AND PSF-2.0",
    "jinja2": "BSD-3-Clause",
    "locate": "MIT",
    "mpmath": "BSD-3-Clause",
    "pypdfium2": "(Apache-2.0 OR BSD-3-Clause) AND BSD-3-Clause",
    "pystemmer": "MIT AND BSD-3-Clause",
    "scipy": "BSD-3-Clause",
    "semantic-version": "BSD-2-Clause",
    "sympy": "BSD-3-Clause",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A package: its name, version and licence, an SPDX expression."""

    name: str
    version: str
    licence: str


def rows() -> list[Row]:
    """Return all packages by name."""
    given = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    found = sorted(needed(given).items())
    return [Row(each.name, each.version.partition("+")[0], licence_of(each)) for _, each in found]


def needed(requirements: Iterable[str]) -> dict[str, Distribution]:
    """Return the installed packages that meet the requirements, and theirs in turn, by canonical name.

    Raises:
        PackageNotFoundError: one of them is not installed.
    """
    found: dict[str, Distribution] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    waiting = [(Requirement(text), frozenset([""])) for text in requirements]
    while waiting:
        requirement, extras = waiting.pop()
        name, wanted = canonicalize_name(requirement.name), frozenset(["", *requirement.extras])
        applies = requirement.marker is None or any(requirement.marker.evaluate({"extra": each}) for each in extras)
        if applies and (name, wanted) not in done and not name.startswith(GPU):
            done.add((name, wanted))
            found[name] = distribution(name)
            waiting += [(Requirement(text), wanted) for text in found[name].requires or ()]
    return found


def licence_of(package: Distribution) -> str:
    """Return the licence of a package as an SPDX expression, or what its metadata says; "" if that says nothing."""
    metadata = package.metadata
    if canonicalize_name(package.name) in FROM_FILES:
        return FROM_FILES[canonicalize_name(package.name)]
    lines = (metadata.get("License-Expression") or metadata.get("License") or "").splitlines()
    text = lines[0].strip() if lines else ""
    if text:
        return SPDX.get(text, text)
    classifiers = [each for each in metadata.get_all("Classifier") or () if each.startswith("License :: ")]
    names = [re.sub(r".* :: ", "", each) for each in classifiers]
    return " OR ".join(SPDX.get(name, name) for name in names)


def main() -> None:
    lines = (f"| {row.name} | {row.version} | {row.licence} |\n" for row in rows())
    TABLE.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
