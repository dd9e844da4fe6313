"""What is known of a photograph from outside its bytes: its name, its folders, files beside it."""
