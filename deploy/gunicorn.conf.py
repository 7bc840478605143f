"""gunicorn --config deploy/gunicorn.conf.py wsgi:app"""

import os
from pathlib import Path
from typing import Any

bind = os.environ.get("PORTAL_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))
preload_app = True  # settings are read and checked once, before there is a worker
timeout = 30  # longer than PORTAL_DATABASE_TIMEOUT_SECONDS
graceful_timeout = 30
max_requests = 10_000
max_requests_jitter = 1_000

# Where the figures of the workers meet: a folder of this host, and of this service alone.
figures = os.environ.get("PROMETHEUS_MULTIPROC_DIR")


def on_starting(_server: Any) -> None:
    """What is left of the run before is no part of this one."""
    if figures:
        for path in Path(figures).glob("*.db"):
            path.unlink()


def child_exit(_server: Any, worker: Any) -> None:
    """A worker that is gone has no present figures any more; what it has counted stays."""
    if figures:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
