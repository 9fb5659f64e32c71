"""The long trials behind docs/reliability.md: kills, interruptions, damaged files, threads, seeded faults.

``python -m torture`` runs them and prints what was found. Each trial is a function of a ``Budget`` that returns an ``Outcome``.
"""
