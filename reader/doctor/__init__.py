"""Technician's self-tests: what is missing or failing, and one sentence of remedy for each."""
