"""What `benchmarks/fuzz.py` puts to netlint: a file a kind of input, and the watch that is kept meanwhile."""
