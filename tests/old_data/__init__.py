"""Data folders that earlier versions left, for the tests that open them."""
