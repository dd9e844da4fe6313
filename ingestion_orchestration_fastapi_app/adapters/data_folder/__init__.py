"""The folder that Photoseek keeps its own data in: private, locked, with the local secret."""
