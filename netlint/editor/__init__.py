"""The language server: findings while code is typed, the network under the cursor, and fixes.

Two processes: `server` speaks the protocol and is never busy; `worker` reads and checks, and is asked by it for one thing after the other.
Only `server`, `actions` and `positions` know the protocol.
"""
