"""Plain frozen values that every floor shares; nothing here knows XML or does I/O."""
