"""Stored queries (level 2): a `.rq` file with front matter is a route, an OpenAPI operation and a test.

Nothing here sees a request object or knows the subject of a dataset; `kg.web.rest` joins it to HTTP.
"""
