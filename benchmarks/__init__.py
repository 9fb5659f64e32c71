"""Measurements of glassnet beside its peers: speed (``python -m benchmarks``) and accuracy (``python -m benchmarks.accuracy``)."""
