"""The log of the commands that run long: lines of text, or of JSON."""

import json
import logging
from datetime import UTC, datetime

import typer

from ingest.settings import Settings

OWN = ("assistant", "ingest", "ui")
"""The loggers that write more than errors as JSON."""
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""The attributes of every record; any others are its own fields."""
_WRITTEN = frozenset({"time", "level", "logger", "exception"})

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, with the text of a question only if `questions` is set."""

    def __init__(self, *, questions: bool) -> None:
        super().__init__()
        self._left_out = _STANDARD | _WRITTEN | (frozenset() if questions else {"question"})

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time (UTC), level, logger, message, the record's own fields, and any exception."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in self._left_out}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def set_up(settings: Settings) -> None:
    """Write the log to stderr as JSON if the settings say so; as text, it stays as it is."""
    if settings.log_format == "text":
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(questions=settings.log_questions))
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    for name in OWN:
        logging.getLogger(name).setLevel(logging.INFO)


def tell(message: str, settings: Settings) -> None:
    """Write a message of a command to stderr, in the format of the log."""
    if settings.log_format == "text":
        typer.echo(message, err=True)
    else:
        log.warning("%s", message)
