"""How one file is read, step by step, as imports do it: no service, no ledger, nothing written."""
