"""
End-to-end tests: the real command line against real S3 servers.
"""
