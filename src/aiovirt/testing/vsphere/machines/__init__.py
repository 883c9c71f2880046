"""Machines: what they are made of, what is in their guests, and how they change."""
