"""
What is measured: the work that every program gets.
"""

from __future__ import annotations

from typing import Final

from benchmarks.model import GIB, MIB, Load, Workload

NAMES: Final = ("small", "tls", "resync", "million", "plan", "medium", "giant")
SLOW: Final = {"copy_latency_us": 60_000, "copy_us_per_mib": 15_000}
_PER_MEDIUM: Final = 500
_MANY: Final = 10


def workloads(objects: int) -> tuple[Workload, ...]:
    """
    All of them, for that many small objects.
    """
    small, many = Load(objects, 1024), Load(_MANY * objects, 1024)
    # sim_s3 makes real MD5s of up to 8 MiB: parts of that size would measure how fast it does so.
    medium = Load(max(1, objects // _PER_MEDIUM), 64 * MIB, 16 * MIB)
    giant = Load(1, 100 * GIB, 64 * MIB)
    return (
        Workload("small", "Small objects", small),
        Workload("tls", "Small objects over TLS", small, tls=True),
        Workload("resync", "Nothing left to copy", small, done=True),
        Workload("million", "Nothing left to copy of ten times as many", many, done=True),
        Workload("plan", "What would be copied", many, dry=True),
        Workload("medium", "Objects in parts", medium, SLOW),
        Workload("giant", "One object of 100 GiB", giant, SLOW, sim_only=True),
    )
