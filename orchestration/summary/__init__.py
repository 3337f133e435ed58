"""What finance asks first, from the published tables: collect, then show. Nothing here reads the warehouse or a
source.
"""
