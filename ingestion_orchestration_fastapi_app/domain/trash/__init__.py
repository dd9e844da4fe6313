"""Points that were removed, and are kept for a while: how, and which of them may come back."""
