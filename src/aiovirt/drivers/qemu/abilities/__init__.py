"""The driver's abilities: each a thin face of the engine."""
