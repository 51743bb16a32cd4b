"""Safe access to ZIP packages (DOCX, PPTX, EPUB, ZIP): limits on parts and unpacked size, damaged files refused."""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO

from ingest.errors import SourceUnreadable

_MAX_SIZE = 200_000_000  # bytes, unpacked
_MAX_RATIO = 200  # unpacked to packed
_RATIO_FROM = 10_000_000  # bytes, unpacked: smaller files of repeated text compress well
_MAX_PARTS = 10_000
# Bytes at once: a read without a limit unpacks the whole part, whatever size the package states.
_STEP = 1_000_000
# The others have no such limit: 4 KB packed with bzip2 unpack to gigabytes.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_REMEDY = "split it, or remove it if you do not trust it"
# What zipfile and the libraries built on it raise for damaged packages, besides their own errors.
BROKEN = (
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class OverBudget(SourceUnreadable):
    """A file and the packages in it unpack to more than their common budget."""


@dataclass(slots=True)
class Budget:
    """What may still be unpacked from one file, over all levels of packages in it: bytes and parts."""

    size: int = _MAX_SIZE
    parts: int = _MAX_PARTS

    def spend(self, source: str, size: int, parts: int) -> None:
        """Take from the budget.

        Raises:
            OverBudget: it does not suffice.
        """
        if parts > self.parts:
            raise OverBudget(f"contains more than {_MAX_PARTS:,} files", source, _REMEDY)
        if size > self.size:
            raise OverBudget(f"unpacks to more than {_MAX_SIZE / 1e6:,.0f} MB", source, _REMEDY)
        self.size -= size
        self.parts -= parts


def open_package(data: bytes, source: str, kind: str, budget: Budget) -> zipfile.ZipFile:
    """Open a package, check its size as it states it, and take its parts from the budget.

    Raises:
        SourceUnreadable: the file is not a package, or is too large when unpacked.
        OverBudget: the budget does not suffice.
    """
    try:
        package = zipfile.ZipFile(BytesIO(data))
        parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        what = f"is not a valid {kind} file (not a ZIP package)"
        raise SourceUnreadable(what, source, f"save it again as {kind}") from error
    budget.spend(source, 0, len(parts))
    stated = sum(part.file_size for part in parts)
    if stated > _MAX_SIZE or (stated > _RATIO_FROM and stated > _MAX_RATIO * len(data)):
        what = f"unpacks to {stated / 1e6:,.0f} MB from {len(data) / 1e6:,.1f} MB, too much for a document"
        raise SourceUnreadable(what, source, _REMEDY)
    return package


def read_part(package: zipfile.ZipFile, name: str, source: str, budget: Budget) -> bytes:
    """Return the bytes of a part, and take them from the budget.

    Raises:
        SourceUnreadable: the part is missing, encrypted or damaged.
        OverBudget: the budget does not suffice.
    """
    try:
        entry = package.getinfo(name)
        if entry.compress_type not in _METHODS:
            raise SourceUnreadable(f"is packed with another method than Deflate ({name})", source, "pack it again")
        budget.spend(source, entry.file_size, 0)
        with package.open(name) as part:
            return b"".join(iter(lambda: part.read(_STEP), b""))
    except KeyError as error:
        raise SourceUnreadable(f"is incomplete ({name} is missing)", source, "save it again") from error
    except BROKEN as error:
        if isinstance(error, RuntimeError) and "password" in str(error):
            raise SourceUnreadable("is password-protected", source, "save it without a password") from error
        raise SourceUnreadable(f"is damaged ({name} cannot be unpacked)", source, "save it again") from error


def unpacked(data: bytes, source: str, kind: str, budget: Budget) -> BytesIO:
    """Return a package without compression, for a library that unpacks parts without a limit.

    Raises:
        SourceUnreadable: see `open_package` and `read_part`.
        OverBudget: the budget does not suffice.
    """
    plain = BytesIO()
    with open_package(data, source, kind, budget) as package, zipfile.ZipFile(plain, "w") as copy:
        for name in dict.fromkeys(package.namelist()):
            copy.writestr(name, read_part(package, name, source, budget))
    plain.seek(0)
    return plain
