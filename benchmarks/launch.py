"""
Runs one command and reports what it used, as JSON on a file descriptor: launch.py DESCRIPTOR COMMAND...

A process of its own, because the peak memory of a child begins with that of the process that started it. It imports
nothing but the standard library, so that this floor is low.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """
    Waits for the command and for all that it waited for.
    """
    report, command = int(sys.argv[1]), sys.argv[2:]
    begun = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, report)])
    _, status, usage = os.wait4(child, 0)
    used = {
        "seconds": time.monotonic() - begun,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "code": os.waitstatus_to_exitcode(status),
    }
    os.write(report, json.dumps(used).encode())


if __name__ == "__main__":
    main()
