"""The tools, a module each, with what the model is told of them beside it."""
