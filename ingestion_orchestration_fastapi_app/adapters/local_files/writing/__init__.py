"""What is written beside photographs, and never into them: sidecars."""
