"""
Runs s3copy and other programs in turns on the same buckets, checks what each has done, and writes docs/benchmarks.md.

``nox -s bench`` installs the others and calls it.
"""
