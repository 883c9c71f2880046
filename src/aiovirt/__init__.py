"""aiovirt: hypervisors from async Python."""
