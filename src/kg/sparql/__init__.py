"""The SPARQL side of HTTP, without HTTP (level 2): what a request asks, and in which format it is answered.

`protocol` reads a request, `decoding` its parameters, `guard` looks at the text, `negotiation` chooses the format,
`description` says what the service offers. Nothing here sees a request object or a store.
"""
