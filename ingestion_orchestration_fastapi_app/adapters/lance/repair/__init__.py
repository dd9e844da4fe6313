"""Damaged Lance tables: finding what cannot be read, and keeping the rest."""
