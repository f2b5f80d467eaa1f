"""The scripts that made `assets/models`: run them again and the same weights come out.

Training needs the data folder and `requirements-training.txt`; the app needs neither. Nothing in `playground/` imports
this package.
"""
