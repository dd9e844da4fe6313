"""Tables of words: what files say of themselves, captions, and the full-text index over both."""
