"""What a domain gets of the host: processor time, memory, transfer, and where it runs."""
