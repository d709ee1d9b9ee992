"""
The only package that knows botocore and HTTP.
"""
