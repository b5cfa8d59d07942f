"""The live session: its one owner and only writer, and what drives it."""
