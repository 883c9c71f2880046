"""Real peers for tests: fakes built from aiovirt's own server cores, with scripted faults."""
