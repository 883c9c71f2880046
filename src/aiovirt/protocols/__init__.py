"""Protocol cores: bytes in, events out. No I/O, no clock, no knowledge of drivers."""
