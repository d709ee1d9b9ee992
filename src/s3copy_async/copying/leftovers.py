"""
What an earlier run left of an object in parts, and how much of it is proven at a glance.
"""

from __future__ import annotations

from contextlib import suppress

from s3copy_async.copying.layout import Shape
from s3copy_async.copying.steps import MadePart
from s3copy_async.copying.work import Inventory
from s3copy_async.parts import Layout, multipart_etag


def listed_parts(layout: Layout, inventory: Inventory, etag: str) -> dict[int, MadePart] | None:
    """
    The part objects that are there, if all are and together they have this ETag: then none needs a look.
    """
    found = inventory.parts
    if len(found) < layout.count or inventory.contradicts(layout):
        return None
    made = {part.number: MadePart(part, found[part.number].etag, found[part.number].etag) for part in layout.parts()}
    with suppress(ValueError):
        if multipart_etag([one.etag for one in made.values()]) == etag:
            return made
    return None


def trusted(shape: Shape, inventory: Inventory) -> dict[int, MadePart]:
    """
    All part objects, where together they have the source's ETag; else none.
    """
    return listed_parts(shape.layout, inventory, shape.head.info.etag) or {}
