"""A class per repository of `ports/ledger`: its methods are the statements themselves."""
