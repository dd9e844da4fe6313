"""Commands about single pictures: finding, browsing, saying something of them, forgetting them."""
