"""
Copies S3 buckets to buckets inside S3: the bytes never pass through this machine.
"""

from typing import Final

__version__: Final = "0.1.0"
