"""The virtual My Number Card: its files, its secrets, its behaviour on the link, and the readers it can lie in.

May import ``reader.card``; nothing in ``reader`` may import this.
"""
