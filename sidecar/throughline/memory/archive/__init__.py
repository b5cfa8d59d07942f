"""The project archive: its document, distillation, merging and refinement by a model."""
