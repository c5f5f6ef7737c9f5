"""Network services that look like those of an internal server: files, mail, databases, remote desktop.

One Twisted process. A `door` per port lets visitors in and bounds what they may use up, the modules of the protocols
speak with them, and the `journal` writes down what they do, a line each, for the adapter to make events of.
"""
