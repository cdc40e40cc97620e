"""Real worker processes on a test's own database, killed at an exact moment of a call to the sandbox."""
