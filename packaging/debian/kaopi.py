#!/usr/lib/kaopi/bin/python3 -IB
"""Start kaopi from its own environment, whatever the caller's environment says."""

from reader.cli import main

main()
