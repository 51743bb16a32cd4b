"""The tables of a catalog on PostgreSQL, from each version of the program to the next, by Alembic."""
