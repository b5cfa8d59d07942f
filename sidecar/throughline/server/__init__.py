"""The language-server shell: handlers of a few lines, translation, and the editor's ports."""
