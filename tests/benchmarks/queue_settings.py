"""django-q2 at its best without a broker of one's own (measured before the hub was written)."""

from integration_hub.settings import *  # noqa: F403

Q_CLUSTER = {
    "name": "hub",
    "orm": "default",
    "workers": 2,
    "save_limit": -1,
    "bulk": 50,
    "queue_limit": 100,
    "recycle": 100_000,
    "guard_cycle": 0.5,
    "poll": 0.05,
    "timeout": 60,
    "retry": 120,
    "max_attempts": 1,
    "ack_failures": True,
    "scheduler": False,
    "log_level": "WARNING",
}
