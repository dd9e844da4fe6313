"""What made the data that the web app shows; run by hand, once."""
