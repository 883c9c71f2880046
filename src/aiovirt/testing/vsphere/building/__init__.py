"""What a simulated server has at its beginning."""
