"""What the provider declares, one module for each area."""
