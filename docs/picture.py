"""
Takes the picture of the live view: runs ``s3copy demo`` in a terminal and keeps the moment that shows most of it.

Needs tmux. ``nox -s picture`` calls it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

COLUMNS: Final = 100
ROWS: Final = 24
SECONDS: Final = 30
PICTURE: Final = Path(__file__).parent / "images" / "live.svg"
_REMOTE_FONTS: Final = re.compile(r"@font-face\s*{[^}]*}")
_PARTS: Final = "▂▅█"


def tmux(*words: str) -> str:
    """
    The answer of one tmux command, on a server of our own.
    """
    command = [shutil.which("tmux") or "tmux", "-L", "s3copy-picture", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own words


def frames(program: str) -> list[str]:
    """
    The screen, twice a second, while the demonstration runs.
    """
    tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), f"{program} demo; sleep 5")
    taken = []
    try:
        for _ in range(2 * SECONDS):
            time.sleep(0.5)
            taken.append(tmux("capture-pane", "-e", "-p"))
            if "objects copied" in taken[-1]:
                break
    finally:
        tmux("kill-server")
    return taken


def worth(frame: str) -> int:
    """
    How much of a copy in parts a screen shows, in different states at best.
    """
    return sum(min(frame.count(glyph), 6) for glyph in _PARTS) + 3 * ("in flight" in frame)


def main() -> None:
    """
    Writes the picture.
    """
    best = max(frames(str(Path(sys.executable).with_name("s3copy"))), key=worth)
    console = Console(record=True, width=COLUMNS, file=sys.stderr, force_terminal=True)
    console.print(Text.from_ansi(best.rstrip("\n")))
    PICTURE.parent.mkdir(exist_ok=True)
    drawn = console.export_svg(title="s3copy demo")
    # No picture of ours asks another host for its fonts.
    PICTURE.write_text(_REMOTE_FONTS.sub("", drawn), "utf-8")


if __name__ == "__main__":
    main()
