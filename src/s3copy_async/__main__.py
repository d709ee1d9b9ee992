"""
``python -m s3copy_async``.
"""

from s3copy_async.cli import main

if __name__ == "__main__":
    main()
