"""The order of layers: what is pooled, and when it is activated (statement S24)."""
