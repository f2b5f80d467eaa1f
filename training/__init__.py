"""The scripts that made `assets/models`: run them again and the same weights come out.

They need the data folder and what the app needs, nothing else. Nothing in `playground/` imports this package.
"""
