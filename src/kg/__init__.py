"""Rapallo: a sourced knowledge graph and the server that publishes it.

Files are the truth; data flows one way: files, store, validation, protocol, routes, pages.
"""
