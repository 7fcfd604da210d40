"""Code systems as their owners distribute them: which files, and what in them says what."""
