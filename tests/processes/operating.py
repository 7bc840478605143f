"""An operator's process: it runs what reads and tidies, over and over, until told."""

import sys
from pathlib import Path

from portal import create_app

COMMANDS = (
    "user list --json",
    "twofactor list --json",
    "twofactor stats --json",
    "twofactor stats --keep",
    "twofactor events --since 7d --json",
    "twofactor purge --json",
    "twofactor rotate-keys --json",
    "purge",
)


def main(end: Path) -> int:
    """Run the commands until the file is there; the first that fails is told."""
    runner = create_app().test_cli_runner()
    runs = 0
    while True:
        for command in COMMANDS:
            done = runner.invoke(args=command.split())
            if done.exit_code != 0:
                print(command, done.output, repr(done.exception), file=sys.stderr)
                return 1
            runs += 1
        if end.exists():
            print(runs)
            return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
