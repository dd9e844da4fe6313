"""The inference services, seen once for jobs and searches: health, windows, back-off, leases.

Knows no job and no collection: who uses it says what it needs, and is told by `JobNotes`.
"""
