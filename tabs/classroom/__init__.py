"""A teacher's panel in the page: it asks the class from what is on her own screen, and shows the class that screen."""
