"""The lessons panel: it drives the tabs beside it and reads what they have answered."""
