"""What browsers fetch from the simulator: the stand-in for Stripe.js."""

from pathlib import Path
from typing import Final

from stripe_simulator.wire import Response

FOLDER: Final = Path(__file__).parent / "static"
FILES: Final = {
    "/v3": ("stripe.js", "text/javascript"),
    "/v3/": ("stripe.js", "text/javascript"),
    "/v3/stripe.js": ("stripe.js", "text/javascript"),
    "/endive/stripe.js": ("stripe.js", "text/javascript"),
}


def asset(method: str, path: str, query: str) -> Response | None:
    """The file at this path; None when the path is not one of a page's."""
    if method != "GET" or path not in FILES:
        return None
    name, kind = FILES[path]
    return Response(200, {"content-type": f"{kind}; charset=utf-8"}, (FOLDER / name).read_bytes())
