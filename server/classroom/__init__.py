"""The classroom over HTTP, on the app's own server and behind its guards: who may ask what of which room.

What a class is stands in `playground.classroom`; nothing here knows a model, and nothing is written to a disk.
"""
