"""Who may call, from which pages and by which names, and what answers tell browsers."""
