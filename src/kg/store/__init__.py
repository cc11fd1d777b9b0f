"""Stores: everything that holds the dataset and answers queries on it (level 1)."""
