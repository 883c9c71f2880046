"""What drivers share that keep things themselves: they import from here, never from each other."""
