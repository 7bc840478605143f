"""Two changes at once, the second of which waits for the first."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from flask import Flask

# Seconds after which the second one waits for a row.
BEGUN = 0.3


def meanwhile(
    app: Flask, first: Callable[[Any], object], second: Callable[[], object]
) -> Future[object]:
    """Begin the second change while the transaction of the first is open.

    Args:
        app: the application.
        first: does work in a transaction that it is given.
        second: runs a use case in another thread.

    Returns:
        The result of the second, or its exception.
    """

    def run() -> object:
        with app.app_context():
            return second()

    with ThreadPoolExecutor(1) as pool:

        def work(transaction: Any) -> Future[object]:
            first(transaction)
            begun = pool.submit(run)
            time.sleep(BEGUN)
            return begun

        return app.extensions["twofactor"].kit.store.run(work)  # type: ignore[no-any-return]  # extensions are of any type
