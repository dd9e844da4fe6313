"""Pure rules: no I/O, clock, randomness or await."""
