"""HTTP in: the endpoints, what they check and how they answer. No model code."""
