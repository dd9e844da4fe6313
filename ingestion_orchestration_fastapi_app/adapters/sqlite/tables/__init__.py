"""Statements on the ledger's tables. Blocking: reads anywhere, writes in the writer thread."""
