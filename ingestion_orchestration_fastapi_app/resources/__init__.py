"""What all work shares of the machine. Knows no kind of work."""
