"""Upgrades the tables of a catalog on PostgreSQL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

FOLDER = Path(__file__).parent


def upgrade(connection: Connection, schema: str) -> None:
    """Bring the tables of a schema, which the connection is in, to the newest revision, in its transaction."""
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    command.upgrade(config, "head")


def knows(revision: str) -> bool:
    """Return whether a revision of the tables is one of this program's; "" is that of no tables."""
    script = ScriptDirectory.from_config(_config())
    return not revision or revision in {each.revision for each in script.walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
