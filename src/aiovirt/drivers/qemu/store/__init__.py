"""What an embedded driver keeps on disk. It knows files and configurations, and no process."""
