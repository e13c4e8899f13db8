"""A person's names in the texts of a database: replaced, and no old page of its files keeps them."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from flows.forget.registry_texts import REPLACEMENT
from flows.forget.scan import text_columns
from heelstrike.registry.database import store_errors


def clean_sqlite(database: Path, words: re.Pattern[str]) -> None:
    """Replace the names in every text of an SQLite database, and rewrite its file."""
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        connection.create_function("cleaned", 1, lambda text: words.sub(REPLACEMENT, text), deterministic=True)
        connection.execute("BEGIN IMMEDIATE")
        for table, column in text_columns(connection):
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = cleaned("{column}") '
                f'WHERE typeof("{column}") = \'text\' AND cleaned("{column}") != "{column}"'
            )
        connection.execute("COMMIT")
        connection.execute("VACUUM")


def clean_postgresql(address: str, words: re.Pattern[str]) -> None:
    """Replace the names in every text of a PostgreSQL database in one transaction, and rewrite the changed tables.

    Raises:
        StoreUnreachableError: The database does not answer; nothing is changed then.
    """
    from sqlalchemy import MetaData, String, create_engine, select, text, update
    from sqlalchemy.pool import NullPool

    engine, changed = create_engine(address, poolclass=NullPool), set[str]()
    with store_errors(address):
        tables = MetaData()
        with engine.begin() as connection:
            tables.reflect(connection)
            for table in tables.tables.values():
                for column in (one for one in table.columns if isinstance(one.type, String)):
                    for (found,) in connection.execute(select(column).distinct().where(column.is_not(None))).all():
                        if words.search(found):
                            cleaned = words.sub(REPLACEMENT, found)
                            connection.execute(update(table).where(column == found).values({column.name: cleaned}))
                            changed.add(table.name)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in sorted(changed):
                connection.execute(text(f'VACUUM FULL "{name}"'))
