"""What the driver can do, one module an ability or two."""
