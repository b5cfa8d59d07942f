"""The composition root: puts the rooms together for the server and the command line."""
