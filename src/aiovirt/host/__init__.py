"""What a Linux host gives several drivers: files, taps and bridges. Knows no driver."""
