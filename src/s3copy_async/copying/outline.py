"""
How one object is copied in parts, as far as it is known before anything is made.
"""

from __future__ import annotations

from dataclasses import dataclass

from s3copy_async.copying.work import Folder
from s3copy_async.model import CopyTask, Pairs


@dataclass(frozen=True, slots=True)
class Outline:
    """
    What is copied, and how.

    Args:
        folder: where work in progress is kept.
        checksums: settings that ask for checksums, empty where the store may not know any.
        direct: no temp and part objects.
        opaque: the store makes its ETags in a way of its own.
    """

    task: CopyTask
    folder: Folder
    checksums: Pairs = ()
    direct: bool = False
    opaque: bool = False
