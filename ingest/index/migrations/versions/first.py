"""All tables of the first version with a catalog on PostgreSQL."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE meta (
    key VARCHAR COLLATE "C" PRIMARY KEY,
    value VARCHAR COLLATE "C"
);
CREATE TABLE roots (
    id SERIAL PRIMARY KEY,
    path VARCHAR COLLATE "C" NOT NULL UNIQUE,
    description JSON NOT NULL
);
CREATE TABLE runs (
    id SERIAL PRIMARY KEY,
    started VARCHAR COLLATE "C" NOT NULL,
    finished VARCHAR COLLATE "C" NOT NULL,
    counts JSON NOT NULL,
    changes JSON NOT NULL DEFAULT '[]'
);
CREATE TABLE documents (
    id SERIAL PRIMARY KEY,
    root INTEGER NOT NULL REFERENCES roots (id),
    source VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    url VARCHAR COLLATE "C",
    text TEXT COLLATE "C" NOT NULL,
    sha VARCHAR COLLATE "C" NOT NULL,
    verbatim BOOLEAN NOT NULL,
    page_starts JSON NOT NULL,
    headings JSON NOT NULL,
    blocks JSON NOT NULL,
    encoding VARCHAR COLLATE "C" NOT NULL DEFAULT 'utf-8',
    note VARCHAR COLLATE "C" NOT NULL DEFAULT '',
    language VARCHAR COLLATE "C" NOT NULL DEFAULT '',
    ocr_pages JSON NOT NULL DEFAULT '[]',
    word_boxes BYTEA NOT NULL DEFAULT '',
    readers INTEGER NOT NULL DEFAULT 1,
    text_sha VARCHAR COLLATE "C" NOT NULL DEFAULT '',
    characters INTEGER NOT NULL DEFAULT 0,
    run INTEGER NOT NULL DEFAULT 0,
    UNIQUE (root, source)
);
CREATE INDEX documents_language ON documents (language, characters);
CREATE TABLE passages (
    id SERIAL PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (id),
    place VARCHAR COLLATE "C" NOT NULL UNIQUE,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    page INTEGER,
    heading JSON NOT NULL,
    sentences JSON NOT NULL,
    sha VARCHAR COLLATE "C" NOT NULL,
    recognised BOOLEAN NOT NULL
);
CREATE INDEX ix_passages_document ON passages (document);
CREATE INDEX ix_passages_sha ON passages (sha);
CREATE TABLE failures (
    root INTEGER NOT NULL REFERENCES roots (id),
    source VARCHAR COLLATE "C" NOT NULL,
    reason VARCHAR COLLATE "C" NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (root, source)
);
CREATE TABLE terms (
    passage INTEGER PRIMARY KEY REFERENCES passages (id),
    words TSVECTOR NOT NULL,
    length INTEGER NOT NULL,
    counts JSONB NOT NULL
);
CREATE INDEX terms_words ON terms USING gin (words);
CREATE TABLE vocabulary (
    term VARCHAR COLLATE "C" PRIMARY KEY,
    passages BIGINT NOT NULL
);
CREATE TABLE totals (
    single BOOLEAN PRIMARY KEY DEFAULT true,
    passages BIGINT NOT NULL,
    words BIGINT NOT NULL
);
INSERT INTO totals (passages, words) VALUES (0, 0);
CREATE TABLE kept (
    name VARCHAR COLLATE "C" PRIMARY KEY,
    content BYTEA NOT NULL,
    version BIGINT NOT NULL
);
"""


def upgrade() -> None:
    """Create the tables, in the schema that the connection is in."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
