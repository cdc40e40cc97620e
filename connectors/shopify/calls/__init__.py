"""The calls of each area to the Admin API: plain functions of a client, plain dicts out. What they are good for is the
flows' business."""
