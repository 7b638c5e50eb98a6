"""`python -m stripe_simulator serve`: the simulator on loopback."""

import argparse
import sys

from stripe_simulator.operations import iso, moment
from stripe_simulator.server import serve
from stripe_simulator.simulator import START


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="stripe_simulator", description=__doc__)
    server = top.add_subparsers(required=True).add_parser("serve", help="answer Stripe's API on loopback")
    server.add_argument("--port", type=int, default=12111, help="0 takes a free one; the address is printed")
    server.add_argument("--state", help="SQLite file that keeps the state; without one it ends with the process")
    server.add_argument("--seed", type=int, default=7)
    server.add_argument("--now", default=iso(START), help="where virtual time begins in a new state (ISO, UTC)")
    return top


def main(arguments: list[str] | None = None) -> int:
    """0 when the server was stopped, 2 when it could not start; then one line says why."""
    asked = parser().parse_args(arguments)
    try:
        serve(asked.port, asked.state, asked.seed, moment(asked.now))
    except (ValueError, OSError, OverflowError) as error:
        print(f"stripe_simulator serve: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
