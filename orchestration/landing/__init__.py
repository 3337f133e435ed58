"""The store of landed loads and the promise of its streams: the floor that everything else stands on.

Nothing here knows a provider, the company or a model; it imports only ``orchestration.files``.
"""
