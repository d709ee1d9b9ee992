"""
What the parts of an object foretell of the whole, and whether that is the source.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from s3copy_async.copying.compose import Composer
from s3copy_async.copying.layout import Shape
from s3copy_async.copying.steps import contradict
from s3copy_async.crc import combined
from s3copy_async.model import ObjectInfo, Proof
from s3copy_async.parts import multipart_etag

GUESSED_WRONG: Final = (
    "s3://{} does not tell how objects were cut into parts, and their sizes do not tell it for all: "
    "ETags become others, and prove nothing of these"
)


@dataclass(frozen=True, slots=True)
class Foretold:
    """
    Args:
        etag: that the composed object must get, None where encryption hides it.
        checksum: of the full object, empty where the store tells none of its parts.
    """

    etag: str | None
    checksum: str

    def proof(self, source: ObjectInfo) -> Proof:
        """
        What shows that the whole will be the source.
        """
        if self.etag == source.etag:
            return Proof.ETAG_LAYOUT
        # An empty checksum proves nothing, whatever it equals.
        return Proof.CHECKSUM if self.checksum and self.checksum == source.checksum else Proof.SERVER

    def denies(self, shape: Shape) -> bool:
        """
        Whether the whole would not be the source: other bytes, or the same in parts of other sizes.
        """
        source = shape.head.info
        if self.etag == source.etag:
            return False
        if contradict(self.checksum, source.checksum):
            return True
        return shape.own and not source.opaque and self.etag is not None


def foretell(composer: Composer, shape: Shape) -> Foretold:
    """
    What the parts that are in place foretell.
    """
    parts = list(shape.layout.parts())
    checksum = combined((composer.checksums.get(part.number, ""), part.size) for part in parts)
    if composer.opaque:
        return Foretold(None, checksum)
    return Foretold(multipart_etag([composer.etags[part.number] for part in parts]), checksum)


class Votes:
    """
    As which bytes one part came out, each time it was copied.
    """

    def __init__(self, first: str) -> None:
        self._counts = Counter((first,))
        self._last = first

    def add(self, identity: str) -> None:
        """
        It came out as these bytes now.
        """
        self._counts[identity] += 1
        self._last = identity

    @property
    def settled(self) -> bool:
        """
        Whether what came out last is what came out most often: twice at least, and more often than anything else.
        """
        (top, number), *others = self._counts.most_common(2)
        return self._last == top and number > 1 and all(number > other for _, other in others)
