"""The demo: a real hub beside a sandbox, with the main job played and checked at the far end."""
