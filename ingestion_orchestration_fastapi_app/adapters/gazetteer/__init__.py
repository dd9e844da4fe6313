"""Cities of the world with their names and places, from a file that is shipped."""
