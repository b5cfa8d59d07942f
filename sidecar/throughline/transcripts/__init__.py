"""Reading of coding sessions that other tools recorded: a module for each format, one shape for all."""
