"""Validation (level 2): everything that `kg check` finds wrong with the files of a dataset."""
