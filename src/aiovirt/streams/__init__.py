"""Byte streams: what clients and servers talk over. The only place that knows event loops."""
