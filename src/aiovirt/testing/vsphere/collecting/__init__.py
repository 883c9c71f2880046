"""What clients watch: the property collector, its filters, and the objects they are about."""
