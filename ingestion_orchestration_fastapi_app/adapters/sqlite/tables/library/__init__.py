"""Tables of what a library is: its collections, their generations and roots."""
