"""
Copies single objects: one module per method, and a synchronous function that chooses between them.
"""
