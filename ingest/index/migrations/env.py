"""Where Alembic begins: it upgrades the tables of the schema that its connection is in."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema=context.config.attributes["schema"])
context.run_migrations()
