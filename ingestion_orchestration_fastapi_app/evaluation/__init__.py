"""The kind of job `evaluate`: texts are searched for in a collection, and ranks become figures."""
