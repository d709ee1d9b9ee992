"""
What is measured: the work that every program gets.
"""

from __future__ import annotations

from typing import Final

from benchmarks.model import GIB, MIB, Load, Workload

NAMES: Final = ("small", "tls", "resync", "medium", "giant")
SLOW: Final = {"copy_latency_us": 60_000, "copy_us_per_mib": 15_000}
_PER_MEDIUM: Final = 500


def workloads(objects: int) -> tuple[Workload, ...]:
    """
    All of them, for that many small objects.
    """
    small = Load(objects, 1024)
    medium = Load(max(1, objects // _PER_MEDIUM), 64 * MIB, 8 * MIB)
    giant = Load(1, 100 * GIB, 64 * MIB)
    return (
        Workload("small", "Small objects", small),
        Workload("tls", "Small objects over TLS", small, tls=True),
        Workload("resync", "Nothing left to copy", small, done=True),
        Workload("medium", "Objects in parts", medium, SLOW),
        Workload("giant", "One object of 100 GiB", giant, SLOW, sim_only=True),
    )
