"""Clients: one protocol core, one stream and one task group each. They know no driver."""
