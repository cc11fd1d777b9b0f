"""Measurements of the server against named peers (design.md, section 9); `python -m benchmarks --help` says how.

archive (the data), questions (what is asked), peers and processes (who is asked), load and client (how), agreement
(who answers what), measures and safety (the phases), figures, machine and report (what is written down).
"""
