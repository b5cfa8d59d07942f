DROP TABLE IF EXISTS words;

CREATE VIRTUAL TABLE words USING fts5 (
    text,
    parts,
    session UNINDEXED,
    seq UNINDEXED,
    turn UNINDEXED,
    kind UNINDEXED,
    tokenize = "unicode61 remove_diacritics 2 tokenchars '_'"
);
