CREATE VIRTUAL TABLE words USING fts5 (
    text,
    session UNINDEXED,
    seq UNINDEXED,
    turn UNINDEXED,
    kind UNINDEXED,
    tokenize = "unicode61 remove_diacritics 2 tokenchars '_'"
);
