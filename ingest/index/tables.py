"""The catalog's tables, their version, and the upgrade of an older index."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ingest.text import chunk, terms

SCHEMA_VERSION = f"2.{chunk.VERSION}.{terms.VERSION}"
REVISION = "0001"
"""The newest of `migrations`, by which a server knows its tables."""

# PostgreSQL orders texts as SQLite does, by their characters, whatever the language of its database.
String = sa.String().with_variant(sa.String(collation="C"), "postgresql")
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

tables = sa.MetaData()
meta = sa.Table("meta", tables, sa.Column("key", String, primary_key=True), sa.Column("value", String))
roots = sa.Table(
    "roots",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("path", String, unique=True, nullable=False),
    sa.Column("description", sa.JSON, nullable=False),
)
documents = sa.Table(
    "documents",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("root", sa.ForeignKey("roots.id"), nullable=False),
    sa.Column("source", String, nullable=False),
    sa.Column("title", String, nullable=False),
    sa.Column("url", String),
    sa.Column("text", Text, nullable=False),
    sa.Column("sha", String, nullable=False),
    sa.Column("verbatim", sa.Boolean, nullable=False),
    sa.Column("page_starts", sa.JSON, nullable=False),
    sa.Column("headings", sa.JSON, nullable=False),
    sa.Column("blocks", sa.JSON, nullable=False),
    sa.Column("encoding", String, nullable=False, server_default="utf-8"),
    sa.Column("note", String, nullable=False, server_default=""),
    sa.Column("language", String, nullable=False, server_default=""),
    sa.Column("ocr_pages", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("word_boxes", sa.LargeBinary, nullable=False, server_default=""),
    sa.Column("readers", sa.Integer, nullable=False, server_default="1"),
    sa.Column("text_sha", String, nullable=False, server_default=""),
    sa.Column("characters", sa.Integer, nullable=False, server_default="0"),
    sa.Column("run", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("root", "source"),
    sa.Index("documents_language", "language", "characters"),  # so that counting languages reads no text
)
passages = sa.Table(
    "passages",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("document", sa.ForeignKey("documents.id"), nullable=False, index=True),
    sa.Column("place", String, unique=True, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("heading", sa.JSON, nullable=False),
    sa.Column("sentences", sa.JSON, nullable=False),
    sa.Column("sha", String, nullable=False, index=True),
    sa.Column("recognised", sa.Boolean, nullable=False),
)
runs = sa.Table(
    "runs",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("started", String, nullable=False),
    sa.Column("finished", String, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("changes", sa.JSON, nullable=False, server_default="[]"),
)
# Sources that could not be read, kept until they can be read or are gone; `run` is the first run that failed.
failures = sa.Table(
    "failures",
    tables,
    sa.Column("root", sa.ForeignKey("roots.id"), primary_key=True),
    sa.Column("source", String, primary_key=True),
    sa.Column("reason", String, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),
)
# ingest.text.terms has already analysed the words, so FTS5 only splits at spaces.
_TOKENS = "tokenize = \"unicode61 remove_diacritics 0 tokenchars '.,_'\""
_VOCABULARY = "CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab('terms', 'row')"
TERM_TABLES = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS terms USING fts5(title, heading, body, {_TOKENS})",
    _VOCABULARY,
)
# A selection's own database: its documents, and a full-text index of only these, which keeps no text. `chosen` repeats
# what lies behind the text of a document, and is read for every question.
SELECTION_TABLES = (
    "CREATE TABLE chosen (id INTEGER PRIMARY KEY, language TEXT, characters INTEGER)",
    f"CREATE VIRTUAL TABLE terms USING fts5(title, heading, body, {_TOKENS}, content = '')",
    _VOCABULARY,
)
_CHOSEN = ", ".join(
    f"{'chosen' if column in ('id', 'language', 'characters') else 'documents'}.{column}"
    for column in documents.columns.keys()  # noqa: SIM118 - a collection of columns by name
)
# SQLite looks for a name among temporary views first, so they hide what is not in the attached selection. They are
# joins, because SQLite would search through a whole list of `id IN` for each document; it needs the size of `chosen`
# (ANALYZE) to begin there where nothing else is given.
SELECTION_VIEWS = (
    f"CREATE TEMP VIEW documents AS SELECT {_CHOSEN}"
    " FROM selection.chosen JOIN main.documents ON documents.id = chosen.id",
    "CREATE TEMP VIEW passages AS SELECT passages.*"
    " FROM selection.chosen JOIN main.passages ON passages.document = chosen.id",
)


def create(connection: Connection) -> None:
    """Create the missing tables."""
    tables.create_all(connection)
    for statement in TERM_TABLES:
        connection.execute(sa.text(statement))


def upgrade(connection: Connection) -> None:
    """Upgrade the tables of an index of another version.

    Documents, roots and runs are kept. The passages are emptied, to be split
    again from the documents. Every column added later has a server default.
    """
    for name in ("vocabulary", "terms", "passages"):
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
    inspector = sa.inspect(connection)
    existing = set(inspector.get_table_names()) & set(tables.tables)
    old_columns = {name: {column["name"] for column in inspector.get_columns(name)} for name in existing}
    create(connection)
    for name, columns in old_columns.items():
        current = tables.tables[name].columns
        for column in (column for column in current if column.name not in columns):
            added = sa.schema.CreateColumn(column).compile(connection)
            connection.execute(sa.text(f"ALTER TABLE {name} ADD COLUMN {added}"))
        for surplus in sorted(columns - set(current.keys())):
            connection.execute(sa.text(f"ALTER TABLE {name} DROP COLUMN {surplus}"))
        for index in tables.tables[name].indexes:
            index.create(connection, checkfirst=True)
