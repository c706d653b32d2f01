"""Model files: the catalog, downloads, integrity checks, and whether they fit this machine."""
