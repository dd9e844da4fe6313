"""Text as people see and compare it. Pure functions of strings."""
