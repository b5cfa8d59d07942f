"""The tables, as numbered migrations. A migration that has run at the shed is history: append."""

import sqlite3

MIGRATIONS: tuple[str, ...] = (
    # 1: tools and members
    """
    CREATE TABLE tools (
        id INTEGER PRIMARY KEY,
        code TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        category TEXT NOT NULL,
        copies INTEGER NOT NULL CHECK (copies >= 0),
        loan_days INTEGER NOT NULL CHECK (loan_days > 0)
    );
    CREATE TABLE members (
        id INTEGER PRIMARY KEY,
        card TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        joined_at INTEGER NOT NULL,
        blocked INTEGER NOT NULL DEFAULT 0
    );
    """,
    # 2: loans
    """
    CREATE TABLE loans (
        id INTEGER PRIMARY KEY,
        tool_id INTEGER NOT NULL REFERENCES tools(id),
        member_id INTEGER NOT NULL REFERENCES members(id),
        lent_at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        returned_at INTEGER,
        renewals INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX loans_open ON loans (tool_id) WHERE returned_at IS NULL;
    """,
    # 3: tools that are no longer lent
    """
    ALTER TABLE tools ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX loans_member ON loans (member_id, lent_at);
    """,
)


def version(connection: sqlite3.Connection) -> int:
    """The number of the last migration that this database has seen; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> int:
    """Run what is missing, each migration in its own transaction, and return the version."""
    for number, script in enumerate(MIGRATIONS, start=1):
        if number > version(connection):
            connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
    return version(connection)
