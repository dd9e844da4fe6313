"""The kind of jobs `caption`: says in words what images show, of those that have no caption yet."""
