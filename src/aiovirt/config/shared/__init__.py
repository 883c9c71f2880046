"""Parts that documents of several kinds have alike; knows no document."""
