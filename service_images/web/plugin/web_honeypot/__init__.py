"""A web server with an application worth attacking: what comes is recorded, named and answered as if it had worked.

`listener` and `conversation` touch the network; what a request means (`rules`, `logins`), how it is answered (`site`,
`answers`, `servers`) and what is told of it (`recorder`) is pure.
"""
