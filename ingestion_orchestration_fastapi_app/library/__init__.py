"""What is stored, for those who look at it: collections, roots, search, pictures, originals.

What is asked of stored images comes in here, a subject a file: no route, no kind of job, no table.
"""
