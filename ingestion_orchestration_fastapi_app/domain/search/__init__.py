"""What is pure of searching: fusion of lists, diversity, folding, relevance, sentences."""
