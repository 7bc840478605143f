"""Tell the host of each answer that was judged."""

import time
from collections.abc import Callable

from ..context import Kit


def teller(kit: Kit, area: str, kind: str) -> Callable[[str, str], None]:
    """Start a timer; the returned function reports result and duration in seconds.

    Args:
        kit: the application's parts.
        area: key of the area.
        kind: "code", "recovery_code" or "passkey".
    """
    begun = time.perf_counter()

    def tell(result: str, user_id: str) -> None:
        seconds = round(time.perf_counter() - begun, 6)
        kit.notify("judged", user_id, area=area, kind=kind, result=result, seconds=seconds)

    return tell
