"""What is wrong with a file that no picture comes out of, in words for its owner."""
