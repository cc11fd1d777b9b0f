"""The HTTP door (level 3): rooms of our own for SPARQL, documents, downloads and pages, FastAPI for REST."""
